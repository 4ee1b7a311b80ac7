"""The trial of the distance of goals: 0 for copies, 1 for opposites."""

from goalscope.calibrating.places import goals, mazes
from goalscope.calibrating.trial import OWN_GOAL, Case, Trial
from goalscope.instruments.reward_distance import RewardDistance
from goalscope.worlds.base import AbstractWorld
from goalscope.zoo.action_bias import ActionBiasKind
from goalscope.zoo.anti_goal import AntiGoalKind
from goalscope.zoo.misled import NoisyPlannerKind
from goalscope.zoo.mixture import MixtureKind
from goalscope.zoo.planner import PlannerKind
from goalscope.zoo.random_deterministic import RandomDeterministicKind
from goalscope.zoo.scaled_goal import ScaledGoalKind
from goalscope.zoo.uniform import UniformKind


def trial() -> Trial:
    """Return the trial."""
    return Trial(
        worlds=mazes,
        instrument=_instrument,
        levels=48,
        power=(6, 12, 24),
        cases=(
            Case(kind=AntiGoalKind(), role="positive", from_dose=16.0),
            Case(kind=UniformKind(), role="positive"),
            Case(kind=RandomDeterministicKind(), role="positive"),
            Case(kind=ActionBiasKind(), role="positive"),
            Case(kind=PlannerKind(), role="negative", from_dose=8.0, trend={OWN_GOAL: -1}),
            Case(kind=ScaledGoalKind(), role="negative"),
            Case(kind=NoisyPlannerKind()),
            Case(kind=MixtureKind()),
        ),
        score=OWN_GOAL,
        threshold=0.3,
        listed={
            "noisy planner": "more chance is less goal",
        },
        limits=(
            "A goal outside the candidates and their opposites reads as the nearest of "
            "them, or as unrelated.",
            "It says which policies are preferred, not how much the agent cares.",
        ),
    )


def _instrument(world: AbstractWorld, levels: int) -> RewardDistance:
    return RewardDistance(goals(world)[0], goals(world), num_levels=levels)
