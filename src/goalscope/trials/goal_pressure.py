"""The trial of goal pressure: nothing on contents that nothing reads."""

from goalscope.calibrating.places import goals, networked_mazes
from goalscope.calibrating.trial import Case, Trial
from goalscope.instruments.goal_pressure import GoalPressure
from goalscope.worlds.base import AbstractWorld
from goalscope.zoo.leaky_goal import LeakyGoalKind
from goalscope.zoo.placebo_parameters import PlaceboParametersKind


def trial() -> Trial:
    """Return the trial."""
    return Trial(
        worlds=networked_mazes,
        instrument=_instrument,
        levels=32,
        cases=(
            Case(
                kind=LeakyGoalKind(),
                role="positive",
                from_dose=0.01,
                trend={"magnitude ratio": 1},
            ),
            Case(kind=PlaceboParametersKind(), role="negative"),
        ),
        score="magnitude ratio",
        threshold=0.001,
        limits=(
            "Small gradients may be those of a saturated agent: look at the check.",
            "Optimisers divide magnitude away: a small gradient is not little change.",
        ),
    )


def _instrument(world: AbstractWorld, levels: int) -> GoalPressure:
    return GoalPressure(goals(world)[0], num_levels=levels)
