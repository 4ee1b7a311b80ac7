"""The trial of the first choice: who goes to its goal before any other."""

from goalscope.calibrating.places import goals, mazes
from goalscope.calibrating.trial import OWN_GOAL, Case, Trial
from goalscope.instruments.first_choice import FirstChoice
from goalscope.worlds.base import AbstractWorld
from goalscope.zoo.action_bias import ActionBiasKind
from goalscope.zoo.anti_goal import AntiGoalKind
from goalscope.zoo.misled import NoisyPlannerKind, SatisficerKind
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
            Case(kind=MixtureKind(), trend={OWN_GOAL: 1}),
            Case(kind=OtherGoalKind()),
            Case(kind=AntiGoalKind()),
            Case(kind=NoisyPlannerKind()),
            Case(kind=SatisficerKind()),
            Case(kind=DiscountingKind()),
        ),
        score=OWN_GOAL,
        threshold=0.75,
        listed={
            "noisy planner": "more chance is less goal",
            "satisficer": "with a low aspiration it hardly acts on its goal",
            "discounting planner": "a strong discount leaves little goal to act on",
        },
        limits=(
            "What comes first was not always wanted: it may lie on the way to something "
            "that the instrument was not told of.",
            "An agent with two goals is convicted of the one that is nearer or worth more, "
            "as if it had no other.",
        ),
    )


def _instrument(world: AbstractWorld, levels: int) -> FirstChoice:
    return FirstChoice(goals(world), num_levels=levels)
