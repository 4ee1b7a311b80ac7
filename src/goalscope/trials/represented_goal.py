"""The trial of represent-and-use: stored is not used."""

from goalscope.calibrating.places import goals, networked_mazes
from goalscope.calibrating.trial import Case, Trial
from goalscope.instruments.represented_goal import RepresentedGoal
from goalscope.worlds.base import AbstractWorld
from goalscope.zoo.dormant_goal import DormantGoalKind
from goalscope.zoo.goal_conditioned import GoalConditionedKind
from goalscope.zoo.unused_copy import UnusedCopyKind


def trial() -> Trial:
    """Return the trial."""
    return Trial(
        worlds=networked_mazes,
        instrument=_instrument,
        levels=32,
        cases=(
            Case(kind=GoalConditionedKind(), role="positive"),
            Case(kind=UnusedCopyKind(), role="positive"),
            Case(kind=DormantGoalKind(), role="negative"),
        ),
        score="restricted interchange",
        threshold=0.5,
        limits=("Only for agents with named sites, into which a goal can be written.",),
    )


def _instrument(world: AbstractWorld, levels: int) -> RepresentedGoal:
    return RepresentedGoal(goals(world), num_levels=levels)
