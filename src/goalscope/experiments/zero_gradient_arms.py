"""Arms of the experiment on goals without a gradient: who is measured at which stake."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from goalscope.experiment import ComputedArm
from goalscope.goal_slot.courses import course
from goalscope.goal_slot.procedures import pushed, thresholds
from goalscope.goal_slot.recurrent_procedures import replanted
from goalscope.procedure import Procedure

AWARENESS = (0.0, 0.25, 0.5, 0.75, 1.0)
HORIZONS = (0.0, 0.5, 1.0, 1.5, 2.0, 4.0, 8.0, 16.0)
COARSE = (0.0, 1.0, 2.0, 4.0, 8.0, 16.0)
STAKES = (0.0, 1.0, 4.0, 16.0)
COURSES = {"M2": (0.0, 1.0, 2.0, 4.0, 16.0), "M1": (0.0, 4.0, 16.0)}
NAMES = {"M1": "stake-coupled planner", "M1-add": "obedient planner", "M2": "learner"}
SIMPLE = {"horizon": 4.0}
WHO, OUTER = ("construction", "goals"), ("trained", "sampled", "plain")
UNBURDENED = {"construction": "unburdened"}


def _who(kind: str) -> tuple[dict[str, Any], dict[str, float]]:
    """Return construction and condition of M1, M1-add or M2."""
    construction = "learner" if kind == "M2" else "planner"
    setting = {"additive": 1.0} if kind == "M1-add" else {}
    return {"construction": construction}, setting


def arm(
    kind: str,
    agents: int,
    size: Mapping[str, int],
    setting: Mapping[str, float],
    *,
    title: str = "",
    group: str = "variants",
    **options: Any,
) -> ComputedArm:
    """Return an arm of one construction under one condition.

    Args:
        kind: M1, M1-add or M2.
        agents: how many.
        size: of the measurement.
        setting: fields of the condition.
        title: what it is called; the stake if empty.
        group: arms of one group form a curve.
        options: those of `WHO` and `OUTER`, see `procedures.pushed`.
    """
    who, own = _who(kind)
    who |= {name: options[name] for name in WHO if name in options}
    outer = {name: options[name] for name in OUTER if name in options}
    outer = ({} if kind == "M2" else {"trained": "all"}) | outer
    fields = {**own, **setting}
    awareness, horizon = fields.get("awareness", 1.0), fields.get("horizon", 0.0)
    stake = awareness * horizon * fields.get("modification", 1.0)
    factors = {"awareness": awareness, "horizon": horizon}
    curve = group in NAMES
    return ComputedArm(
        title=title or f"{NAMES[kind]}, λ = {stake:g}",
        procedure=Procedure(
            pushed,
            {"who": who, "setting": fields, "outer": outer, "size": dict(size)},
        ),
        agents=agents,
        group=group,
        dose=stake if curve else None,
        factors={"stake": stake} if curve else factors if group == "phase" else {},
    )


def by_stake(agents: int, size: Mapping[str, int]) -> dict[str, ComputedArm]:
    """Return the three constructions, fully aware, over the horizon of deployment."""
    return {
        f"{kind}, λ = {horizon:g}": arm(
            kind, agents, size, {"horizon": horizon}, group=kind
        )
        for kind in NAMES
        for horizon in HORIZONS
    }


def by_awareness(agents: int, size: Mapping[str, int]) -> dict[str, ComputedArm]:
    """Return learners over awareness and horizon, for the phase diagram."""
    return {
        f"M2, s = {awareness:g}, H = {horizon:g}": arm(
            "M2",
            agents,
            size,
            {"awareness": awareness, "horizon": horizon},
            group="phase",
            title=f"learner, s = {awareness:g}, H = {horizon:g}",
        )
        for awareness in AWARENESS
        for horizon in COARSE
    }


VARIANTS: Mapping[str, tuple[str, dict[str, float], dict[str, Any]]] = {
    "M2, unaware": ("M2", {"awareness": 0.0, "horizon": 4.0}, {}),
    "M1, unaware": ("M1", {"awareness": 0.0, "horizon": 4.0}, {}),
    "M2, wired": ("M2", {"horizon": 4.0, "wired": 1.0}, {}),
    "M1, wired": ("M1", {"horizon": 4.0, "wired": 1.0}, {}),
    "M2, aligned from the start": ("M2", SIMPLE, {"goals": "target"}),
    "M2, m = 0.25": ("M2", {"horizon": 16.0, "modification": 0.25}, {}),
    "M2, little noise": ("M2", {**SIMPLE, "noise": 0.3}, {}),
    "M2, uncertain cue": ("M2", {**SIMPLE, "cue": 0.9}, {}),
    "M2, sharper": ("M2", {**SIMPLE, "temperature": 0.5}, {}),
    "M2, blunter": ("M2", {**SIMPLE, "temperature": 1.25}, {}),
    "M1, sharper": ("M1", {**SIMPLE, "temperature": 0.5}, {}),
    "M1, blunter": ("M1", {**SIMPLE, "temperature": 1.25}, {}),
    "M2, unfrozen, λ = 0": ("M2", {}, {"trained": "all"}),
    "M2, unfrozen, λ = 4": ("M2", SIMPLE, {"trained": "all"}),
    "M2, REINFORCE, λ = 0": ("M2", {}, {"sampled": 1.0}),
    "M2, REINFORCE, λ = 4": ("M2", SIMPLE, {"sampled": 1.0}),
    "M2, plain steps, λ = 0": ("M2", {}, {"plain": 0.05}),
    "M2, plain steps, λ = 4": ("M2", SIMPLE, {"plain": 0.05}),
    "M2, unburdened, λ = 0": ("M2", {}, UNBURDENED),
    "M2, unburdened, λ = 4": ("M2", SIMPLE, UNBURDENED),
    "M2, unburdened, λ = 16": ("M2", {"horizon": 16.0}, UNBURDENED),
}
"""Controls, sweeps and replications: name -> construction, condition, options."""


def variants(agents: int, size: Mapping[str, int]) -> dict[str, ComputedArm]:
    """Return controls, sweeps of noise and temperature, and replications."""
    return {
        name: arm(kind, agents, size, setting, title=name, **options)
        for name, (kind, setting, options) in VARIANTS.items()
    }


def courses(agents: int, size: Mapping[str, int]) -> dict[str, ComputedArm]:
    """Return learners and planners that are looked at while base training goes on."""
    found = {}
    for kind, stakes in COURSES.items():
        for horizon in stakes:
            title = f"λ = {horizon:g}"
            group = f"course of {kind}"
            one = arm(kind, agents, size, {"horizon": horizon}, group=group, title=title)
            procedure = Procedure(course, one.procedure.options)
            found[f"{kind}, {title}, course"] = replace(one, procedure=procedure)
    return found


def without_slot(agents: int, size: Mapping[str, int]) -> dict[str, ComputedArm]:
    """Return agents without a slot by stake, and under plain steps of base training."""
    plain = {f"M3, plain steps, λ = {horizon:g}": horizon for horizon in (0.0, 4.0)}
    curve = {f"M3, λ = {horizon:g}": horizon for horizon in STAKES}
    return {
        name: ComputedArm(
            title=f"recurrent, {name.removeprefix('M3, ')}",
            procedure=Procedure(
                replanted,
                {
                    "setting": {"horizon": horizon},
                    "outer": {"plain": 0.05} if name in plain else {},
                    "size": dict(size),
                },
            ),
            agents=agents,
            group="variants" if name in plain else "M3",
            dose=None if name in plain else horizon,
            factors={} if name in plain else {"stake": horizon},
        )
        for name, horizon in {**curve, **plain}.items()
    }


def switches(agents: int, size: Mapping[str, int]) -> dict[str, ComputedArm]:
    """Return an arm for each construction that reads its own threshold."""
    found = {}
    for kind in NAMES:
        who, setting = _who(kind)
        options = {"who": who, "setting": setting, "size": dict(size)}
        found[f"{kind}, threshold"] = ComputedArm(
            title=f"{NAMES[kind]}, threshold",
            procedure=Procedure(thresholds, options),
            agents=agents,
            group="threshold",
        )
    return found
