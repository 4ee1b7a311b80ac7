"""The trial of held-out goal-directedness: does any goal predict what is to come?"""

from goalscope.calibrating.places import goals, mazes
from goalscope.calibrating.trial import Case, Trial
from goalscope.instruments.goal_directedness import GoalDirectedness
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
    """Return the trial."""
    return Trial(
        worlds=mazes,
        instrument=_instrument,
        levels=24,
        power=(6, 12, 48),
        cases=(
            Case(
                kind=PlannerKind(), role="positive", from_dose=16.0, trend={"held_out": 1}
            ),
            Case(kind=OtherGoalKind(), role="positive", from_dose=16.0),
            Case(kind=UniformKind(), role="negative"),
            Case(kind=RandomDeterministicKind(), role="negative"),
            Case(kind=ActionBiasKind(), role="negative"),
            Case(kind=NoisyPlannerKind()),
            Case(kind=DiscountingKind()),
            Case(kind=SatisficerKind()),
            Case(kind=AntiGoalKind()),
            Case(kind=MixtureKind()),
        ),
        score="held_out",
        threshold=0.02,
        listed={
            "noisy planner": "more chance is less goal",
            "discounting planner": "a strong discount leaves little goal to act on",
            "satisficer": "with a low aspiration it hardly acts on its goal",
            "anti goal": "a stronger dislike is more of a goal",
        },
        limits=(
            "It does not show that the agent plans, or represents a goal: a stored table "
            "of optimal actions reads the same.",
            "A soft or distant goal decides little and reads little.",
        ),
    )


def _instrument(world: AbstractWorld, levels: int) -> GoalDirectedness:
    return GoalDirectedness(goals(world), num_levels=levels)
