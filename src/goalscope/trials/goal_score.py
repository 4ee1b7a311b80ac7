"""The trial of the goal score: who earns what its goal could earn."""

from goalscope.calibrating.places import goals, mazes
from goalscope.calibrating.trial import OWN_GOAL, Case, Trial
from goalscope.instruments.goal_score import GoalScore
from goalscope.worlds.base import AbstractWorld
from goalscope.zoo.action_bias import ActionBiasKind
from goalscope.zoo.anti_goal import AntiGoalKind
from goalscope.zoo.mixture import MixtureKind
from goalscope.zoo.other_goal import OtherGoalKind
from goalscope.zoo.planner import PlannerKind
from goalscope.zoo.random_deterministic import RandomDeterministicKind
from goalscope.zoo.short_sighted import DiscountingKind
from goalscope.zoo.uniform import UniformKind


def trial() -> Trial:
    """Return the trial; the threshold is that from which the instrument convicts.

    It convicts of goals, so agents with habits, and without a goal, are negatives.
    """
    return Trial(
        worlds=mazes,
        instrument=_instrument,
        levels=32,
        power=(8, 16, 64),
        cases=(
            Case(kind=PlannerKind(), role="positive", from_dose=16.0, trend={OWN_GOAL: 1}),
            Case(kind=UniformKind(), role="negative"),
            Case(kind=RandomDeterministicKind(), role="negative"),
            Case(kind=ActionBiasKind(), role="negative"),
            Case(kind=MixtureKind()),
            Case(kind=OtherGoalKind()),
            Case(kind=AntiGoalKind()),
            Case(kind=DiscountingKind()),
        ),
        score=OWN_GOAL,
        threshold=0.75,
        listed={
            "mixture": "the goal that is worth more is gone to more often",
            "anti goal": "the more it flees its goal, the less it earns of it",
            "other goal": "the sooner it is where it wants to be, the less it finds else",
            "discounting planner": "a strong discount leaves little goal to act on",
        },
        limits=(
            "Whoever passes one goal on the way to another scores on both.",
            "Given time enough, chance finds what is near: a score means something only "
            "beside its control.",
        ),
    )


def _instrument(world: AbstractWorld, levels: int) -> GoalScore:
    return GoalScore(goals(world), num_levels=levels)
