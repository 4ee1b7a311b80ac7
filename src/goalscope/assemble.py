"""A result folder read back as a `Result`: cells joined into arms and evidence."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from goalscope.evidence import Evidence
from goalscope.labels import label
from goalscope.plots import read_plot
from goalscope.result import (
    ArmResult,
    Calibration,
    Damage,
    Outcome,
    Picture,
    Result,
    Setup,
    Verdict,
)
from goalscope.scoring.released import Domain, domain
from goalscope.storage.again import command_here
from goalscope.storage.folder import Folder
from goalscope.storage.reading import Contents, StoredCell, read_contents
from goalscope.storage.study import SUMMARY
from goalscope.units import range_of, units_of

FIELDS = ("value", "lower", "upper", "control", "ceiling", "checks", "count")

Cells = Sequence[StoredCell]


def assemble(folder: Folder) -> Result:
    """Return everything that a report shows, from the finished cells of a folder.

    Verdicts, calibration and labels come from the folder's summary; without one they are
    empty. Agents below the competence gate or diverged stay in, marked. What is damaged is
    named in the result and left out of it, with whatever rests on it.
    """
    contents = read_contents(folder)
    damage = tuple(
        Damage(folder.plans[each.cell].arm if each.cell else "", each.path, each.message)
        for each in contents.problems
    )
    lost = {each.name for each in damage if each.path != SUMMARY}
    groups: dict[tuple[str, str], list[StoredCell]] = defaultdict(list)
    for cell in contents.cells:
        if cell.record.arm not in lost:
            groups[cell.record.kind, cell.record.arm].append(cell)
    evidence: dict[tuple[str, str, str], Evidence] = {}
    arms: dict[str, ArmResult] = {}
    for (kind, name), cells in groups.items():
        readings = _joined(cells, "readings")
        if kind == "arm":
            arms[name] = _arm(name, cells, readings)
            included = arms[name].included
        else:
            included = np.ones(len(next(iter(readings.values()))), bool)
        words = cells[0].record.metadata["instruments"]
        evidence |= _evidence(name, words, readings, included)
    return _sound(_result(folder, contents, arms, evidence), damage, command_here(folder))


def _sound(result: Result, damage: tuple[Damage, ...], repair: str) -> Result:
    """Return a result without the conclusions that rest on what is damaged."""
    bad = {each.name for each in damage}
    return replace(
        result,
        verdicts=tuple(_unless_damaged(each, bad, repair) for each in result.verdicts),
        calibration={n: c for n, c in result.calibration.items() if not bad & set(c.truth)},
        labels={name: found for name, found in result.labels.items() if name not in bad},
        damage=damage,
        repair=repair,
    )


def _unless_damaged(verdict: Verdict, bad: set[str], repair: str) -> Verdict:
    """Return a verdict, or that it is invalid if something that it rests on is damaged.

    A verdict that does not say what it rests on is taken to rest on everything.
    """
    lost = sorted(bad & set(verdict.rests_on) if verdict.rests_on else bad)
    if not lost:
        return verdict
    return replace(
        verdict,
        outcome=Outcome.INVALID,
        **dict.fromkeys(("estimate", "lower", "upper", "p_value"), math.nan),
        n=0,
        reason=f"damaged: the cells of {', '.join(lost)} are not those, whole, that it was "
        f"judged from. To repair them: {repair}",
    )


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


def _mixed(cells: Cells) -> dict[str, str]:
    """Return, under "mixed", in what machines and versions of the cells differ."""
    found = [cell.record.fingerprint for cell in cells]
    names = sorted({name for each in found for name in each} - {"commit", "uncommitted"})
    several = [name for name in names if len({each.get(name) for each in found}) > 1]
    return {"mixed": ", ".join(several)} if several else {}


def _joined(cells: Cells, file: str) -> dict[str, np.ndarray]:
    """Return the arrays of several cells, joined along the agents."""
    parts = [cell.tensors[file] for cell in cells]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _arm(name: str, cells: Cells, readings: Mapping[str, np.ndarray]) -> ArmResult:
    words = cells[0].record.metadata
    curves = _joined(cells, "curves")
    return ArmResult(
        name=name,
        title=words["title"],
        group=words["group"],
        dose=words["dose"],
        trainer=words["trainer"],
        agents=np.array([agent for cell in cells for agent in cell.record.agents]),
        updates=np.array(words["updates"]),
        environment_steps=np.array(words["environment_steps"], float),
        diverged_at=curves.pop("diverged_at").astype(int),
        curves=curves,
        competent=_competent(words, readings),
        portraits=_joined(cells, "portraits")["policy"],
        seconds=sum(cell.record.seconds for cell in cells),
        cells=tuple(cell.key for cell in cells),
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
        units = units_of(about["unit"], about["readings"])
        for column, reading in enumerate(about["readings"]):
            numbers = {
                "values" if name == "value" else name: fields[name][:, :, column]
                for name in ("value", "lower", "upper", "control", "ceiling")
            }
            low, high = range_of(units[column])
            lowest = np.fmin(numbers["values"], low)
            highest = np.fmax(numbers["values"], high)
            numbers["lower"] = np.maximum(numbers["lower"], lowest)
            numbers["upper"] = np.minimum(numbers["upper"], highest)
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
    contents: Contents,
    arms: dict[str, ArmResult],
    evidence: dict[tuple[str, str, str], Evidence],
) -> Result:
    study, summary = folder.study, contents.summary
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
        pictures=tuple(_picture(fields) for fields in content.get("pictures", ())),
        action_names=tuple(content.get("action_names", ())),
        plots=tuple(read_plot(fields) for fields in content.get("plots", ())),
        setup=_setup(contents.cells, content.get("meanings", {})),
        domains=_domains(contents.cells),
        fingerprint={**study.fingerprint, **_mixed(contents.cells)},
        world_check=study.world_check,
    )


def _domains(cells: Cells) -> dict[str, Domain]:
    """Return where each instrument of the arms was used."""
    records = [cell.record.metadata for cell in cells]
    worlds = tuple(dict.fromkeys(r["world"] for r in records if "world" in r))
    words = records[0]["instruments"] if records else {}
    found = {name: domain(each, worlds) for name, each in words.items()}
    return {name: each for name, each in found.items() if each is not None}


def _picture(fields: Mapping[str, Any]) -> Picture:
    cells = np.array(fields["cells"], int).reshape(-1, 2)
    moves = np.array(fields["moves"], int) if "moves" in fields else None
    return Picture(fields["title"], fields["text"], cells, moves)


def _setup(cells: Cells, meanings: Mapping[str, Any]) -> Setup:
    """Return what the finished cells of a folder were computed from."""
    records = [cell.record for cell in cells]
    conditions: dict[str, dict[str, Any]] = defaultdict(dict)
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
        "rests_on": tuple(fields.get("rests_on", ())),
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
