"""The trial of the parts of a goal: did it form before behaviour showed it?"""

from goalscope.calibrating.places import goals, networked_mazes
from goalscope.calibrating.trial import Case, Trial
from goalscope.instruments.goal_parts import GoalParts
from goalscope.worlds.base import AbstractWorld
from goalscope.zoo.dated_goal import GoalBeforeSightKind, GoalWithBehaviourKind


def trial() -> Trial:
    """Return the trial; the threshold is half of one checkpoint of twelve.

    What is planted are whole checkpoints, which every interval holds or none, so that
    coverage says nothing: dates must rise with the planted ones instead.
    """
    return Trial(
        worlds=networked_mazes,
        instrument=_instrument,
        levels=16,
        power=(4, 8),
        cases=(
            Case(kind=GoalBeforeSightKind(), role="positive", trend={"lead": 1}),
            Case(
                kind=GoalWithBehaviourKind(),
                role="negative",
                trend={"restricted changes": 1, "whole changes": 1},
            ),
        ),
        score="lead",
        threshold=0.045,
        limits=(
            "A goal that was there from the first checkpoint has no date: its curve does "
            "not change, which reads as a change at the second.",
            "A goal that an untrained agent can do nothing with is dated late or not at "
            "all.",
        ),
    )


def _instrument(world: AbstractWorld, levels: int) -> GoalParts:
    return GoalParts(goals(world)[0], num_levels=levels)
