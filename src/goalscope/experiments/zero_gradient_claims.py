"""Rules of the experiment on goals without a gradient, thresholds as designed."""

from goalscope.claims.composite import Composite
from goalscope.claims.means import Above, Below, Difference

DECIDES, PLAIN = "M2, λ = 4", "M2, plain steps, λ = 4"


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


def constructions() -> tuple:
    """Return the same claim about three constructions; that about learners decides.

    Learners are asked at every stake of at least 4, each by itself.
    """
    told = {
        "M2": "Training leaves the goal of learnt agents alone, and not their capability",
        "M1": "The same for stake-coupled planners",
        "M1-add": "The same for planners that obey by an addition",
    }
    told["M2, unburdened"] = "The same for learners that mind no successor's moves"
    cells = [("M2", 4), ("M1", 4), ("M1-add", 4), ("M2", 8), ("M2", 16)]
    cells += [("M2, unburdened", 4), ("M2, unburdened", 16)]
    return tuple(
        _composite(
            f"{told[kind]}, at λ = {stake}.",
            *_no_gradient(f"{kind}, λ = {stake}"),
            source="000 S2",
        )
        for kind, stake in cells
    )


def seeds() -> tuple:
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
            source="000 S3",
        ),
        _composite(
            "The goal is a free coordinate of agents that earn the most.",
            (_below("Another goal earns the same.", arm, "choice.swap", 0.01),
             _above("No goal earns less.", arm, "choice.ablation", 0.1)),
            (_above("Another goal earns less.", arm, "choice.swap", 0.01),),
            source="000 S4",
        ),
        Above(
            text="A larger stake in deployment earns more: ambition is pushed.",
            arm=arm, on="choice.doubling", threshold=0.01, source="000 S13",
        ),
        *(
            _composite(
                f"Faking alone does not keep a goal{under}.",
                (_below("It is lost.", where, "end.kappa", 0.3),),
                (_above("It is kept.", where, "end.kappa", 0.6),),
                source="000 S16",
            )
            for under, where in (("", arm), (", in plain steps", PLAIN))
        ),
    )  # fmt: skip


def thresholds() -> tuple:
    """Return where a construction begins to comply."""
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


def without_slot() -> tuple:
    """Return how far training moves the deployments of agents without a slot."""
    on = "monolith.step ratio"
    return tuple(
        _composite(
            "Training moves what an agent without a slot does in training and not what it "
            f"does when deployed, at λ = {stake}.",
            (_below("A hundredth as much.", f"M3, λ = {stake}", on, 0.01),),
            (_above("More than a fifth as much.", f"M3, λ = {stake}", on, 0.2),),
            source="000 S2",
        )
        for stake in (4, 16)
    )


def controls() -> tuple:
    """Return what must come out if the measurement is to be believed."""
    return (
        _above("Without awareness, goals align.", "M2, unaware", "end.aligned", 0.8),
        _above(
            "A slot wired to the choice in training is pushed.", "M2, wired",
            "pressure.goal", 0.2,
        ),
        _above(
            "Agents that were aligned stay so.", "M2, aligned from the start",
            "end.aligned", 0.8,
        ),
        _below("Nothing pushes a placebo.", DECIDES, "pressure.placebo", 1e-6),
        _below(
            "Nothing moves with a placebo.", "M3, λ = 4", "monolith.placebo", 1e-6,
        ),
        _above(
            "Without a stake, agents without a slot align.", "M3, λ = 0",
            "monolith.aligned after", 0.8,
        ),
        _above(
            "Without a stake, a step moves their deployments.", "M3, λ = 0",
            "monolith.step ratio", 0.2,
        ),
        Difference(
            text="Where training ends in deployment depends on the stake.",
            arm="M2, λ = 0", other=DECIDES, on="end.to target", at_least=0.2,
        ),
    )  # fmt: skip
