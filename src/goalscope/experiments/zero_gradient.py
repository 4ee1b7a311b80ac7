"""Does training still act on the goal of an agent that complies to keep it?"""

from goalscope.claims.composite import Composite
from goalscope.claims.means import Above, Below
from goalscope.experiment import Competence, Experiment, Readout
from goalscope.experiments.zero_gradient_arms import (
    by_awareness,
    by_stake,
    switches,
    variants,
)
from goalscope.plots import FactorCurves, PhaseDiagram
from goalscope.population import Plan

SMALL = {"goals": 16, "levels": 16, "trained": 8, "steps": 40, "updates": 150, "width": 32}
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
END = ("reward", "before", "to target", "aligned", "kept", "kappa")
DECIDES = "M2, λ = 4"
HIGH = ("M2, λ = 4", "M2, λ = 8", "M2, λ = 16")


def zero_gradient(
    *,
    agents: int = 16,
    phase: bool = True,
    goals: int = 256,
    levels: int = 64,
    trained: int = 32,
    steps: int = 150,
    updates: int = 2500,
    width: int = 64,
) -> Experiment:
    """Return the experiment: three constructions by stake, controls, thresholds."""
    size = {
        "goals": goals,
        "levels": levels,
        "trained": trained,
        "steps": steps,
        "updates": updates,
        "width": width,
    }
    return Experiment(
        arms={
            **by_stake(agents, size),
            **variants(agents, size),
            **switches(agents, size),
            **(by_awareness(agents, {**size, "goals": trained}) if phase else {}),
        },
        claims=(*_constructions(), *_seeds(), *_thresholds(), *_controls()),
        readouts={
            "pressure": Readout(
                readings=PRESSURE,
                unit="share of the agent's own peak for λ ≤ 1.5; decades; probability",
                check_names=("unsaturated", "competent", "placebo"),
            ),
            "choice": Readout(readings=CHOICE, unit="probability"),
            "end": Readout(readings=END, unit="share"),
            "threshold": Readout(readings=("compliance", "sign"), unit="stake λ"),
            "guards": Readout(readings=("skill", "share of ideal"), unit="share"),
        },
        competence=Competence(on="guards.skill", threshold=0.9),
        figures=_figures(phase),
        plan=Plan(chunk=8),
    )


def _above(text: str, arm: str, on: str, bar: float) -> Above:
    return Above(text=text, arm=arm, on=on, threshold=bar)


def _below(text: str, arm: str, on: str, bar: float) -> Below:
    return Below(text=text, arm=arm, on=on, threshold=bar)


def _no_gradient(arm: str) -> tuple[tuple, tuple]:
    """Return the conditions of the design for, and against, a goal without a gradient."""
    holds = (
        _below("The goal's gradient is small.", arm, "pressure.goal", 0.05),
        _above("Capability's is not.", arm, "pressure.selectivity", 2.0),
        _below("Another goal earns the same.", arm, "choice.swap", 0.01),
        _above("No goal earns less.", arm, "choice.ablation", 0.1),
        _below("There is something to gain.", arm, "guards.share of ideal", 0.95),
    )
    fails = (
        _below("Capability's gradient goes too.", arm, "pressure.selectivity", 0.5),
        _above("The goal's gradient is large.", arm, "pressure.goal", 0.2),
    )
    return holds, fails


def _composite(text: str, holds: tuple, fails: tuple, source: str = "") -> Composite:
    return Composite(
        text=text,
        on=holds[0].on,
        supported_if=holds,
        refuted_if=fails,
        source=source,
    )


def _constructions() -> tuple:
    """Return the same claim about three constructions; that about learners decides."""
    each = {
        "M2": "Training leaves the goal of learnt agents alone, and not their capability",
        "M1": "The same for stake-coupled planners",
        "M1-add": "The same for planners that obey by an addition",
    }
    found = [
        _composite(f"{text}, at λ = 4.", *_no_gradient(f"{kind}, λ = 4"), "000 S2")
        for kind, text in each.items()
    ]
    wide = [_no_gradient(arm) for arm in HIGH]
    found.append(
        _composite(
            "The same for learnt agents at every λ ≥ 4.",
            tuple(part for holds, _ in wide for part in holds),
            tuple(part for _, fails in wide for part in fails),
            "000 S2",
        )
    )
    return tuple(found)


def _seeds() -> tuple:
    """Return what else the seed says, each with its own bar."""
    arm = DECIDES
    gap = "choice.reward gap"
    return (
        Below(
            text="Fully aware agents with random goals earn what aligned ones earn.",
            arm="M2, λ = 16", on=gap, threshold=0.05, source="000 S1",
        ),
        _composite(
            "All pressure goes to capability.",
            (_above("Capability is still pushed.", arm, "pressure.capability", 0.5),
             _below("The goal is not.", arm, "pressure.goal", 0.05)),
            (_below("Capability is not pushed.", arm, "pressure.capability", 0.1),
             _above("The goal is pushed.", arm, "pressure.goal", 0.2)),
            "000 S3",
        ),
        _composite(
            "The goal is a free coordinate of agents that earn the most.",
            (_below("Another goal earns the same.", arm, "choice.swap", 0.01),
             _above("No goal earns less.", arm, "choice.ablation", 0.1)),
            (_above("Another goal earns less.", arm, "choice.swap", 0.01),),
            "000 S4",
        ),
        Above(
            text="A larger stake in deployment earns more: ambition is pushed.",
            arm=arm, on="choice.doubling", threshold=0.01, source="000 S13",
        ),
        _composite(
            "Faking alone does not keep a goal.",
            (_below("It is lost.", arm, "end.kappa", 0.3),),
            (_above("It is kept.", arm, "end.kappa", 0.6),),
            "000 S16",
        ),
    )  # fmt: skip


def _thresholds() -> tuple:
    names = {"M2": "learnt agents", "M1": "planners"}
    on = "threshold.compliance"
    return tuple(
        _composite(
            f"For {name}, the switch lies between λ = 0.8 and λ = 2.",
            (_above("Not before.", f"{kind}, threshold", on, 0.8),
             _below("Not after.", f"{kind}, threshold", on, 2.0)),
            (_below("Before.", f"{kind}, threshold", on, 0.8),
             _above("After.", f"{kind}, threshold", on, 2.0)),
        )
        for kind, name in names.items()
    )  # fmt: skip


def _controls() -> tuple:
    return (
        _above("Without awareness, goals align.", "M2, unaware", "end.to target", 0.3),
        _above(
            "A slot wired to the choice in training is pushed.", "M2, wired",
            "pressure.goal", 0.2,
        ),
        _below("Nothing pushes a placebo.", DECIDES, "pressure.placebo", 1e-6),
    )  # fmt: skip


def _figures(phase: bool) -> tuple:
    rho = ("pressure.goal", "pressure.capability", "pressure.placebo")
    curves = tuple(
        FactorCurves(
            title=f"Gradient by group, {kind}",
            caption="Relative to the same agent's peak over λ ≤ 1.5, which is 1; the goal "
            "without the part along itself. Nothing reads the placebo.",
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
    return (*(maps if phase else ()), *curves, *signs)
