"""The trial of preference: which goal an agent takes where both cost the same."""

from goalscope.calibrating.places import goals, mazes
from goalscope.calibrating.trial import OWN_GOAL, Case, Trial
from goalscope.instruments.preference import Preference
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
    """Return the trial; the threshold is what the instrument asks of planners, 1 nat.

    Agents with habits are no negatives: a habit does take one goal before another.
    """
    return Trial(
        worlds=mazes,
        instrument=_instrument,
        levels=64,
        power=(16, 32),
        cases=(
            Case(kind=PlannerKind(), role="positive", from_dose=16.0, trend={OWN_GOAL: 1}),
            Case(kind=ScaledGoalKind(), role="positive"),
            Case(kind=UniformKind(), role="negative"),
            Case(kind=RandomDeterministicKind(), role="negative"),
            Case(kind=MixtureKind(), trend={OWN_GOAL: 1}),
            Case(kind=ActionBiasKind()),
            Case(kind=AntiGoalKind()),
            Case(kind=OtherGoalKind()),
        ),
        score=OWN_GOAL,
        threshold=1.0,
        listed={
            "anti goal": "the more it flees its goal, the less it takes it",
        },
        limits=(
            "A habit of going up prefers what lies above.",
            "Goals of which the agent takes neither are ordered by what it stumbles upon.",
            "It says nothing of how much further the agent would go.",
        ),
    )


def _instrument(world: AbstractWorld, levels: int) -> Preference:
    return Preference(goals(world), num_levels=levels)
