"""A result folder read back as a `Result`: cells joined into arms and evidence."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from goalscope.evidence import Evidence
from goalscope.labels import label
from goalscope.plots import read_plot
from goalscope.result import (
    ArmResult,
    Calibration,
    Outcome,
    Picture,
    Result,
    Setup,
    Verdict,
)
from goalscope.scoring.released import Domain, domain
from goalscope.storage.folder import Folder
from goalscope.storage.study import CellRecord

FIELDS = ("value", "lower", "upper", "control", "ceiling", "checks", "count")

Cells = Sequence[tuple[str, CellRecord]]


def assemble(folder: Folder) -> Result:
    """Return everything that a report shows, from the finished cells of a folder.

    Verdicts, calibration and labels come from the folder's summary; without one they are
    empty. Agents below the competence gate or diverged stay in, marked.

    Raises:
        UserError: exit code 3, if a file is damaged.
    """
    groups: dict[tuple[str, str], list[tuple[str, CellRecord]]] = defaultdict(list)
    for key in folder.finished_cells():
        record = folder.read(key)
        groups[record.kind, record.arm].append((key, record))
    evidence: dict[tuple[str, str, str], Evidence] = {}
    arms: dict[str, ArmResult] = {}
    for (kind, name), cells in groups.items():
        readings = _joined(folder, cells, "readings")
        if kind == "arm":
            arms[name] = _arm(folder, name, cells, readings)
            included = arms[name].included
        else:
            included = np.ones(len(next(iter(readings.values()))), bool)
        words = cells[0][1].metadata["instruments"]
        evidence |= _evidence(name, words, readings, included)
    return _result(folder, arms, evidence)


def planted_truth(folder: Folder) -> dict[str, str | None]:
    """Return the goal that each planted kind was built with."""
    records = [folder.read(key) for key in folder.finished_cells()]
    return {r.arm: r.metadata["goal"] for r in records if r.kind == "planted"}


def goal_labels(
    arms: Mapping[str, ArmResult],
    evidence: Mapping[tuple[str, str, str], Evidence],
    instrument: str,
    readings: Sequence[str],
    threshold: float,
) -> dict[str, np.ndarray]:
    """Return each agent's dominant goal at each checkpoint; the last means undecided."""
    found = {}
    for arm in arms:
        labels = label([evidence[arm, instrument, name] for name in readings], threshold)
        found[arm] = np.where(labels < 0, len(readings), labels)
    return found


def _mixed(folder: Folder) -> dict[str, str]:
    """Return, under "mixed", in what machines and versions of the cells differ."""
    found = [folder.read(key).fingerprint for key in folder.finished_cells()]
    names = sorted({name for each in found for name in each} - {"commit", "uncommitted"})
    several = [name for name in names if len({each.get(name) for each in found}) > 1]
    return {"mixed": ", ".join(several)} if several else {}


def _joined(folder: Folder, cells: Cells, file: str) -> dict[str, np.ndarray]:
    """Return the arrays of several cells, joined along the agents."""
    parts = [folder.load(key, file) for key, _ in cells]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _arm(
    folder: Folder, name: str, cells: Cells, readings: Mapping[str, np.ndarray]
) -> ArmResult:
    words = cells[0][1].metadata
    curves = _joined(folder, cells, "curves")
    return ArmResult(
        name=name,
        title=words["title"],
        group=words["group"],
        dose=words["dose"],
        trainer=words["trainer"],
        agents=np.array([agent for _, record in cells for agent in record.agents]),
        updates=np.array(words["updates"]),
        environment_steps=np.array(words["environment_steps"], float),
        diverged_at=curves.pop("diverged_at").astype(int),
        curves=curves,
        competent=_competent(words, readings),
        portraits=_joined(folder, cells, "portraits")["policy"],
        seconds=sum(record.seconds for _, record in cells),
        cells=tuple(key for key, _ in cells),
        pays=words["pays"],
        factors=words.get("factors", {}),
    )


def _competent(words: Mapping[str, Any], readings: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return which agents of an arm pass its gate; all if there is none."""
    gate = words["competence"]
    if gate is None:
        return np.ones(len(next(iter(readings.values()))), bool)
    instrument, _, reading = gate["on"].partition(".")
    column = words["instruments"][instrument]["readings"].index(reading)
    return readings[f"{instrument}/value"][:, -1, column] >= gate["threshold"]


def _units(about: Mapping[str, Any]) -> list[str]:
    """Return each reading's unit: "nats; share" are the units of two readings."""
    units, count = about["unit"].split("; "), len(about["readings"])
    return units if len(units) == count else [about["unit"]] * count


def _evidence(
    arm: str,
    words: Mapping[str, Any],
    readings: Mapping[str, np.ndarray],
    included: np.ndarray,
) -> dict[tuple[str, str, str], Evidence]:
    found = {}
    for instrument, about in words.items():
        if f"{instrument}/value" not in readings:
            continue
        fields = {name: readings[f"{instrument}/{name}"] for name in FIELDS}
        units = _units(about)
        for column, reading in enumerate(about["readings"]):
            numbers = {
                "values" if name == "value" else name: fields[name][:, :, column]
                for name in ("value", "lower", "upper", "control", "ceiling")
            }
            found[arm, instrument, reading] = Evidence(
                arm=arm,
                instrument=instrument,
                reading=reading,
                unit=units[column],
                checks=fields["checks"],
                check_names=tuple(about["check_names"]),
                count=fields["count"],
                included=included,
                **{name: np.asarray(value, float) for name, value in numbers.items()},
            )
    return found


def _result(
    folder: Folder,
    arms: dict[str, ArmResult],
    evidence: dict[tuple[str, str, str], Evidence],
) -> Result:
    study, summary = folder.study, folder.summary()
    content: Mapping[str, Any] = summary.content if summary else {}
    order = [plan.arm for plan in study.cells if plan.arm in arms]
    labels = content.get("labels", {})
    return Result(
        name=study.name,
        question=study.question,
        size=study.size,
        seed=study.seed,
        settings=study.settings,
        command=study.command,
        arms={name: arms[name] for name in dict.fromkeys(order)},
        evidence=evidence,
        labels={name: np.array(labels[name]) for name in arms if name in labels},
        label_names=tuple(content.get("label_names", ())),
        calibration={
            name: Calibration(**fields)
            for name, fields in content.get("calibration", {}).items()
        },
        verdicts=tuple(read_verdict(fields) for fields in content.get("verdicts", ())),
        pictures=tuple(
            Picture(p["title"], p["text"], np.array(p["cells"]).reshape(-1, 2))
            for p in content.get("pictures", ())
        ),
        action_names=tuple(content.get("action_names", ())),
        plots=tuple(read_plot(fields) for fields in content.get("plots", ())),
        domains=_domains(folder),
        setup=_setup(folder, content.get("meanings", {})),
        fingerprint={**study.fingerprint, **_mixed(folder)},
    )


def _domains(folder: Folder) -> dict[str, Domain]:
    """Return where each instrument of the arms was used."""
    records = [folder.read(key).metadata for key in folder.finished_cells()]
    worlds = tuple(dict.fromkeys(r["world"] for r in records if "world" in r))
    words = records[0]["instruments"] if records else {}
    found = {name: domain(each, worlds) for name, each in words.items()}
    return {name: each for name, each in found.items() if each is not None}


def _setup(folder: Folder, meanings: Mapping[str, Any]) -> Setup:
    """Return what the finished cells of a folder were computed from."""
    records = [folder.read(key) for key in folder.finished_cells()]
    conditions: dict[str, dict[str, Any]] = {"arm": {}, "planted": {}}
    for record in records:
        conditions[record.kind][record.arm] = record.description.get("condition", {})
    gates = [r.metadata["competence"] for r in records if "competence" in r.metadata]
    return Setup(
        arms=conditions["arm"],
        planted=conditions["planted"],
        instruments=records[0].description.get("instruments", {}) if records else {},
        competence=next(iter(gates), None),
        meanings=meanings,
    )


def read_verdict(fields: Mapping[str, Any]) -> Verdict:
    """Return a verdict from its JSON form."""
    numbers = {
        name: math.nan if fields[name] is None else float(fields[name])
        for name in ("estimate", "lower", "upper", "p_value")
    }
    read = {
        "outcome": Outcome(fields["outcome"]),
        "instruments": tuple(fields.get("instruments", ())),
    }
    return Verdict(**{**fields, **numbers, **read})


def write_verdict(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict's JSON form: NaN is null, infinite bounds are "inf" and "-inf"."""
    fields = {**vars(verdict), "outcome": verdict.outcome.value}
    return {name: _plain(value) for name, value in fields.items()}


def _plain(value: Any) -> Any:
    if not isinstance(value, float) or math.isfinite(value):
        return value
    return None if math.isnan(value) else str(value)
