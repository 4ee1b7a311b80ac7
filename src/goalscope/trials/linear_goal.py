"""The trial of linear goal inference: do its intervals hold the weights?"""

from goalscope.calibrating.places import goals, mazes
from goalscope.calibrating.trial import OWN_GOAL, Case, Trial
from goalscope.instruments.linear_goal import LinearGoal
from goalscope.worlds.base import AbstractWorld
from goalscope.zoo.action_bias import ActionBiasKind
from goalscope.zoo.anti_goal import AntiGoalKind
from goalscope.zoo.misled import NoisyPlannerKind
from goalscope.zoo.mixture import MixtureKind
from goalscope.zoo.planner import PlannerKind
from goalscope.zoo.random_deterministic import RandomDeterministicKind
from goalscope.zoo.uniform import UniformKind


def trial() -> Trial:
    """Return the trial."""
    return Trial(
        worlds=mazes,
        instrument=_instrument,
        levels=64,
        power=(8, 16, 32),
        cases=(
            Case(
                kind=PlannerKind(),
                role="positive",
                from_dose=8.0,
                truth={OWN_GOAL: float},
                trend={OWN_GOAL: 1},
            ),
            Case(kind=UniformKind(), role="negative"),
            Case(kind=RandomDeterministicKind(), role="negative"),
            Case(kind=ActionBiasKind(), role="negative"),
            Case(kind=MixtureKind()),
            Case(kind=AntiGoalKind()),
            Case(kind=NoisyPlannerKind()),
        ),
        score="gain",
        threshold=0.05,
        listed={
            "noisy planner": "more chance is less goal",
            "anti goal": "a stronger dislike is a goal as well",
        },
        limits=(
            "Goals that cannot be told apart share a weight: look at the interval.",
            "An agent of habits gets weights too; only the gain says whether they mean "
            "anything.",
        ),
    )


def _instrument(world: AbstractWorld, levels: int) -> LinearGoal:
    return LinearGoal(goals(world), num_levels=levels)
