"""The trial of optimisation power: who does what hardly any policy would do."""

from goalscope.calibrating.places import goals, mazes
from goalscope.calibrating.trial import OWN_GOAL, Case, Trial
from goalscope.instruments.optimisation_power import OptimisationPower
from goalscope.worlds.base import AbstractWorld
from goalscope.zoo.action_bias import ActionBiasKind
from goalscope.zoo.anti_goal import AntiGoalKind
from goalscope.zoo.mixture import MixtureKind
from goalscope.zoo.other_goal import OtherGoalKind
from goalscope.zoo.planner import PlannerKind
from goalscope.zoo.random_deterministic import RandomDeterministicKind
from goalscope.zoo.scaled_goal import ScaledGoalKind
from goalscope.zoo.uniform import UniformKind


def trial() -> Trial:
    """Return the trial.

    The threshold are the 2 bits by which the instrument tells planners from those who flee.
    """
    return Trial(
        worlds=mazes,
        instrument=_instrument,
        levels=24,
        power=(6, 12),
        cases=(
            Case(kind=PlannerKind(), role="positive", from_dose=16.0, trend={OWN_GOAL: 1}),
            Case(kind=ScaledGoalKind(), role="positive"),
            Case(kind=AntiGoalKind(), role="negative", from_dose=16.0),
            Case(kind=UniformKind(), role="negative"),
            Case(kind=RandomDeterministicKind(), role="negative"),
            Case(kind=ActionBiasKind()),
            Case(kind=OtherGoalKind()),
            Case(kind=MixtureKind()),
        ),
        score=OWN_GOAL,
        threshold=2.0,
        listed={
            "mixture": "the goal that is worth more is gone to more often",
        },
        limits=(
            "Bits grow with the level: they compare agents in one world, not worlds.",
            "An agent after another goal has bits for this one if it lies on the way.",
            "A habit that leads to a goal is as rare a policy as a plan that does.",
        ),
    )


def _instrument(world: AbstractWorld, levels: int) -> OptimisationPower:
    return OptimisationPower(goals(world), num_levels=levels)
