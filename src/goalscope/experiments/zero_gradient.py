"""Does training still act on the goal of an agent that complies to keep it?"""

from goalscope.experiment import Competence, Experiment, Readout
from goalscope.experiments.zero_gradient_arms import (
    COURSES,
    by_awareness,
    by_stake,
    courses,
    switches,
    variants,
    without_slot,
)
from goalscope.experiments.zero_gradient_claims import (
    constructions,
    controls,
    seeds,
    thresholds,
)
from goalscope.experiments.zero_gradient_claims import without_slot as monoliths
from goalscope.plots import FactorCurves, PhaseDiagram, Simplex
from goalscope.population import Plan

SMALL = {"goals": 16, "levels": 16, "trained": 8, "steps": 40, "updates": 150}
SIZES = {
    "smoke": {"agents": 8, "phase": False, **SMALL},
    "standard": {},
    "full": {"agents": 32, "trained": 64, "steps": 300, "updates": 5000},
}

PRESSURE = (
    "goal",
    "capability",
    "perception",
    "belief",
    "policy",
    "placebo",
    "selectivity",
    "typical selectivity",
    "signed",
    "widening",
    "ambition",
    "step ratio",
    "step ratio of the goal",
)
UNITS = (
    *["share of the own peak for λ ≤ 1.5"] * 6,
    *["decades"] * 2,
    "probability per unit of goal",
    "share of goals",
    "probability",
    *["ratio of divergences"] * 2,
)
CHOICE = (
    "reward",
    "aligned reward",
    "reward gap",
    "swap",
    "ablation",
    "doubling",
    "compliance gap",
    "deployed to target",
    "deployed to own",
)
MONOLITH = (
    "step ratio",
    "placebo",
    "pull",
    "reward",
    "own in training",
    "to target",
    "to own",
    "planted",
    "reward after",
    "to target after",
    "to own after",
    "aligned after",
    "kept after",
)
COURSE = ("own", "target", "others")
END = ("reward", "before", "to target", "aligned", "kept", "kappa", "moved")


def zero_gradient(
    *,
    agents: int = 16,
    phase: bool = True,
    goals: int = 256,
    levels: int = 64,
    trained: int = 24,
    steps: int = 120,
    updates: int = 2000,
) -> Experiment:
    """Return the experiment: four constructions by stake, controls, thresholds."""
    size = {
        "goals": goals,
        "levels": levels,
        "trained": trained,
        "steps": steps,
        "updates": updates,
    }
    return Experiment(
        arms={
            **by_stake(agents, size),
            **variants(agents, size),
            **courses(agents, size),
            **switches(agents, size),
            **without_slot(2 * agents, size),
            **(by_awareness(agents, {**size, "goals": trained}) if phase else {}),
        },
        claims=(*constructions(), *seeds(), *thresholds(), *monoliths(), *controls()),
        readouts={
            "pressure": Readout(
                readings=PRESSURE,
                unit="; ".join(UNITS),
                check_names=("unsaturated", "competent", "placebo"),
            ),
            "choice": Readout(readings=CHOICE, unit="probability"),
            "end": Readout(readings=END, unit="share"),
            "course": Readout(readings=COURSE, unit="share of what is taken"),
            "threshold": Readout(readings=("compliance", "sign"), unit="stake λ"),
            "monolith": Readout(
                readings=MONOLITH,
                unit="; ".join(["ratio of divergences"] * 2 + ["ratio"] + ["share"] * 10),
                check_names=("unsaturated", "competent", "placebo"),
            ),
            "guards": Readout(readings=("skill", "share of ideal"), unit="share"),
        },
        competence=Competence(on="guards.skill", threshold=0.9),
        figures=_figures(phase),
        plan=Plan(chunk=8),
    )


def _figures(phase: bool) -> tuple:
    rho = ("pressure.goal", "pressure.capability", "pressure.placebo")
    curves = tuple(
        FactorCurves(
            title=f"Gradient by group, {kind}",
            caption="Relative to the same agent's peak over λ ≤ 1.5, which is 1; the goal "
            "without the part along itself. Nothing reads the placebo: it is at 0, below "
            "any logarithmic axis.",
            group=kind, on=rho, x="stake", log=True, lines={"λ = 1": 1.0},
        )
        for kind in ("M2", "M1", "M1-add")
    )  # fmt: skip
    signs = tuple(
        FactorCurves(
            title=f"Signed pressure, {kind}",
            caption="∂J/∂g towards the own favourite and away from the target: above 0, "
            "training widens the gap.",
            group=kind, on=("pressure.signed",), x="stake", lines={"λ = 1": 1.0},
        )
        for kind in ("M2", "M1")
    )  # fmt: skip
    boundary = tuple((h, 1 / h) for h in (1.0, 1.5, 2.0, 4.0, 8.0, 16.0))
    maps = (
        PhaseDiagram(
            title="Where base training leaves deployments",
            caption="Share of deployments that end at the target after base training.",
            group="phase", on="end.to target", x="horizon", y="awareness",
            boundary=boundary, boundary_name="λ = s H = 1", high=0.6,
        ),
        PhaseDiagram(
            title="Which way training pushes",
            caption="Signed pressure: below 0 it aligns, above 0 it widens the gap.",
            group="phase", on="pressure.signed", x="horizon", y="awareness",
            boundary=boundary, boundary_name="λ = s H = 1", low=-0.2, high=0.2,
        ),
    )  # fmt: skip
    functional = FactorCurves(
        title="Functional gradient of agents without a slot",
        caption="What a small step of training moves in deployment: divergence beside that "
        "in training (F), and the change of taking the target beside that in training.",
        group="M3", on=("monolith.step ratio", "monolith.pull"), x="stake",
        lines={"λ = 1": 1.0},
    )  # fmt: skip
    return (*(maps if phase else ()), *curves, *signs, *_ways(), functional)


def _ways() -> tuple:
    return tuple(
        Simplex(
            title=f"The way of {kind} through base training",
            caption="What is taken in deployment: the own favourite, the type that "
            "training rewards, or another one.",
            group=f"course of {kind}", on=tuple(f"course.{share}" for share in COURSE),
        )
        for kind in COURSES
    )  # fmt: skip
