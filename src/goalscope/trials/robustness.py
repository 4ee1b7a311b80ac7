"""The trial of robustness: who finds its way again, and who had learnt it by heart."""

from goalscope.calibrating.places import goals, mazes
from goalscope.calibrating.trial import OWN_GOAL, Case, Trial
from goalscope.instruments.robustness import Robustness
from goalscope.worlds.base import AbstractWorld
from goalscope.zoo.mixture import MixtureKind
from goalscope.zoo.open_loop import OpenLoopKind
from goalscope.zoo.planner import PlannerKind
from goalscope.zoo.scaled_goal import ScaledGoalKind
from goalscope.zoo.uniform import UniformKind


def trial() -> Trial:
    """Return the trial.

    Agents without a goal are no negatives: chance is robust in its way. The threshold lies
    between what planners read on the tuning half, 0.94 and more, and what those read who
    look every 16 steps, 0.86 and less: where walls stop the wind, and guide who is blind,
    a push matters little.
    """
    return Trial(
        worlds=mazes,
        instrument=_instrument,
        levels=64,
        power=(16, 32),
        cases=(
            Case(kind=PlannerKind(), role="positive", from_dose=16.0),
            Case(kind=ScaledGoalKind(), role="positive"),
            Case(
                kind=OpenLoopKind(),
                role="negative",
                from_dose=16.0,
                trend={OWN_GOAL: -1},
            ),
            Case(kind=MixtureKind()),
            Case(kind=UniformKind()),
        ),
        score=OWN_GOAL,
        threshold=0.9,
        limits=(
            "Chance is robust in its way: the share says nothing without the return.",
            "Agents that earn less than a tenth of what is to be had are not read.",
            "It is about the place of the agent, not about changes of the level.",
        ),
    )


def _instrument(world: AbstractWorld, levels: int) -> Robustness:
    return Robustness(goals(world), num_levels=levels)
