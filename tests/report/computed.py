"""Results of experiments whose arms are computed: numbers that a reader can check."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from goalscope.evidence import Evidence
from goalscope.plots import (
    AbstractPlot,
    FactorCurves,
    OverTraining,
    PhaseDiagram,
    Simplex,
    Survival,
)
from goalscope.result import ArmResult, Outcome, Result, Verdict

UPDATES = (10, 20, 30)
RULE = """Supported if every one of these is supported:
(1) High. Supported if the interval lies above 0.5.
(2) Low. Supported if the interval lies below 0.1.
Refuted if one of these is supported:
(a) Not high. Supported if the interval lies below 0.5.
 Either also needs a p-value below the level after Holm's correction."""


@dataclass
class Condition:
    """An arm: "readout.reading" -> values of its agents, at the end or `[N, C]`."""

    readings: Mapping[str, Sequence]
    factors: Mapping[str, float] = field(default_factory=dict)
    group: str = "all"
    included: Sequence[bool] | None = None
    checks: Mapping[str, Sequence[bool]] = field(default_factory=dict)
    curves: Mapping[str, Sequence] = field(default_factory=dict)
    dose: float | None = None


def along(values: Sequence) -> np.ndarray:
    """Return values at every checkpoint; those of one checkpoint stay as they are."""
    found = np.array(values, float)
    return found if found.ndim == 2 else np.repeat(found[:, None], len(UPDATES), axis=1)


def evidence(arm: str, condition: Condition) -> dict[tuple[str, str, str], Evidence]:
    found = {}
    for on, values in condition.readings.items():
        instrument, _, reading = on.partition(".")
        numbers = along(values)
        nothing = np.full_like(numbers, np.nan)
        flags = [along(each).astype(bool) for each in condition.checks.values()]
        checks = np.stack(flags, axis=-1) if flags else np.zeros((*numbers.shape, 0), bool)
        found[arm, instrument, reading] = Evidence(
            arm=arm, instrument=instrument, reading=reading, unit=f"unit of {reading}",
            values=numbers, lower=numbers, upper=numbers, control=nothing, ceiling=nothing,
            checks=checks, check_names=tuple(condition.checks),
            count=np.ones(numbers.shape, int), included=inclusion(condition),
        )  # fmt: skip
    return found


def inclusion(condition: Condition) -> np.ndarray:
    n = len(next(iter(condition.readings.values())))
    return np.array(condition.included if condition.included is not None else [True] * n)


def arm(name: str, condition: Condition) -> ArmResult:
    n = len(inclusion(condition))
    return ArmResult(
        name=name, title=name, group=condition.group, dose=condition.dose, trainer="",
        agents=np.arange(n), updates=np.array(UPDATES), environment_steps=np.zeros(3),
        curves={metric: along(v) for metric, v in condition.curves.items()},
        diverged_at=np.full(n, -1), competent=inclusion(condition),
        portraits=np.zeros((n, 0, 0, 0)), seconds=2.0, cells=(f"{len(name):016x}",),
        factors=condition.factors,
    )  # fmt: skip


def verdict(
    claim: str = "It does.",
    outcome: Outcome = Outcome.SUPPORTED,
    source: str = "000 S2",
    estimate: float = 0.75,
) -> Verdict:
    return Verdict(
        claim, outcome, estimate, estimate - 0.05, estimate + 0.05, 8, 0.004,
        "share of actions", RULE, "0" * 64, "The interval lies where it is true.", source,
    )  # fmt: skip


def result(
    arms: Mapping[str, Condition],
    plots: Sequence[AbstractPlot] = (),
    *,
    verdicts: Sequence[Verdict] = (verdict(),),
    name: str = "hidden_incentives",
    size: str = "standard",
) -> Result:
    found: dict[tuple[str, str, str], Evidence] = {}
    for title, condition in arms.items():
        found |= evidence(title, condition)
    return Result(
        name=name, question="Does selection reveal it?", size=size, seed=0,
        settings={"agents": 8}, command=f"goalscope run {name}",
        arms={title: arm(title, condition) for title, condition in arms.items()},
        evidence=found, labels={}, label_names=(), calibration={},
        verdicts=tuple(verdicts), pictures=(), action_names=(),
        fingerprint={"device": "cpu"}, plots=tuple(plots),
    )  # fmt: skip


def agents(mean: float, n: int = 8) -> list[float]:
    """Return readings of agents with exactly this mean."""
    return (mean + 0.04 * np.linspace(-1, 1, n)).tolist()


PHASE = PhaseDiagram(
    title="Phases", caption="Where it flips.", group="grid", on="kit.flip", x="stake",
    y="horizon", boundary=((0.0, 4.0), (2.0, 0.0)), boundary_name="closed form",
)  # fmt: skip
CURVES = FactorCurves(
    title="Curves", caption="Means", group="grid", on=("kit.flip", "kit.cost"), x="stake",
    series="horizon", lines={"b/v": 0.5},
)  # fmt: skip
TRAINING = OverTraining(
    title="Growth", caption="Over time!", group="line", on=("kit.flip", "kit.cost"),
    zero=True, mark="kit.when",
)  # fmt: skip
SURVIVAL = Survival(
    title="Survival", caption="Until it flips.", group="line", on="kit.when", until=30.0,
    unit="steps",
)  # fmt: skip
SIMPLEX = Simplex(
    title="Ways", caption="Where it goes.", group="way", on=("kit.a", "kit.b", "kit.c"),
)  # fmt: skip
NEVER = float("inf")


def everything() -> Result:
    """Return a result with each kind of picture, checks, and agents outside the gate."""
    grid = {
        f"stake {stake:g}, horizon {horizon:g}": Condition(
            {
                "kit.flip": agents((stake + horizon) / 6),
                "kit.cost": agents(0.1 * stake - 0.2),
            },
            {"stake": stake, "horizon": horizon},
            "grid",
            checks={"unsaturated": [True] * 6 + [False] * 2, "placebo": [True] * 8},
        )
        for stake in (0.0, 1.0, 2.0)
        for horizon in (0.0, 4.0)
    }
    lines = {
        name: Condition(
            {
                "kit.flip": [[0.1 * i, 0.2 * i, 0.1 * i * i] for i in range(8)],
                "kit.cost": [[-0.1, 0.0, 0.1 * i] for i in range(8)],
                "kit.when": [5.0, 10.0, 10.0, NEVER, 20.0, 25.0, NEVER, late],
            },
            group="line",
            included=[True] * 7 + [kept],
            checks={"unsaturated": [True] * 8, "placebo": [True] * 8},
            curves={"loss": [[3.0, 2.0, 1.0]] * 8},
        )
        for name, late, kept in (("slow", 40.0, True), ("fast", 2.0, False))
    }
    ways = {
        f"way {name}": Condition(
            {
                "kit.a": [[1.0, 0.5, 0.1 * share]] * 8,
                "kit.b": [[0.0, 0.5, 0.0]] * 8,
                "kit.c": [[0.0, 0.0, 1 - 0.1 * share]] * 7 + [[0.0, 0.0, 0.0]],
            },
            group="way",
            included=[True] * 7 + [False],
        )
        for name, share in (("left", 0.0), ("right", 5.0))
    }
    pictures = (PHASE, CURVES, TRAINING, SURVIVAL, SIMPLEX)
    return result({**grid, **lines, **ways}, pictures)
