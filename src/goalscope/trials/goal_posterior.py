"""The trial of goal inference: does it name the goal, and does it spare the innocent?"""

from goalscope.calibrating.places import goals, mazes
from goalscope.calibrating.trial import OWN_GOAL, Case, Trial
from goalscope.instruments.goal_posterior import GoalPosterior
from goalscope.worlds.base import AbstractWorld
from goalscope.zoo.action_bias import ActionBiasKind
from goalscope.zoo.anti_goal import AntiGoalKind
from goalscope.zoo.misled import NoisyPlannerKind, SatisficerKind, WallBlindKind
from goalscope.zoo.mixture import MixtureKind
from goalscope.zoo.other_goal import OtherGoalKind
from goalscope.zoo.periodic import PeriodicKind
from goalscope.zoo.planner import PlannerKind
from goalscope.zoo.random_deterministic import RandomDeterministicKind
from goalscope.zoo.short_sighted import DiscountingKind
from goalscope.zoo.uniform import UniformKind


def trial() -> Trial:
    """Return the trial."""
    return Trial(
        worlds=mazes,
        instrument=_instrument,
        levels=160,
        power=(8, 16, 32, 64),
        cases=(
            Case(kind=PlannerKind(), role="positive", from_dose=8.0, trend={OWN_GOAL: 1}),
            Case(kind=UniformKind(), role="negative"),
            Case(kind=RandomDeterministicKind(), role="negative"),
            Case(kind=ActionBiasKind(), role="negative"),
            Case(kind=PeriodicKind(), role="negative"),
            Case(kind=OtherGoalKind(), role="negative"),
            Case(kind=AntiGoalKind(), role="negative"),
            Case(kind=NoisyPlannerKind()),
            Case(kind=WallBlindKind()),
            Case(kind=SatisficerKind()),
            Case(kind=DiscountingKind()),
            Case(kind=MixtureKind()),
        ),
        score=OWN_GOAL,
        threshold=0.95,
        listed={
            "satisficer": "with a low aspiration it hardly acts on its goal",
            "noisy planner": "more chance is less goal",
            "wall-blind": "more chance is less goal",
            "discounting planner": "a strong discount leaves little goal to act on",
            "mixture": "a larger weight is more of the goal that it is given",
        },
        limits=(
            "Goals that ask for the same decisions on all levels share their probability.",
            "A goal outside the candidates that mostly asks for the same decisions as one "
            "of them is taken for it.",
            "It does not show that the agent represents its goal, or searches for it.",
        ),
    )


def _instrument(world: AbstractWorld, levels: int) -> GoalPosterior:
    return GoalPosterior(goals(world), num_levels=levels)
