"""The trial of the code length: whose behaviour a goal writes down in fewer bits."""

from goalscope.calibrating.places import goals, mazes
from goalscope.calibrating.trial import Case, Trial
from goalscope.instruments.code_length import READINGS, CodeLength
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
    """Return the trial; the threshold is what the instrument asks of planners, 0.1 bits."""
    return Trial(
        worlds=mazes,
        instrument=_instrument,
        levels=32,
        power=(8, 16, 64),
        cases=(
            Case(
                kind=PlannerKind(), role="positive", from_dose=16.0, trend={READINGS[0]: 1}
            ),
            Case(kind=ScaledGoalKind(), role="positive"),
            Case(kind=UniformKind(), role="negative"),
            Case(kind=RandomDeterministicKind(), role="negative"),
            Case(kind=ActionBiasKind(), role="negative"),
            Case(kind=MixtureKind()),
            Case(kind=OtherGoalKind()),
            Case(kind=AntiGoalKind()),
        ),
        score=READINGS[0],
        threshold=0.1,
        listed={
            "mixture": "the more one goal is worth, the better it alone explains",
        },
        limits=(
            "Where a goal lies in one place, a habit of going there is written down by it.",
            "It does not say which goal, nor that the shortest of three codes is true.",
        ),
    )


def _instrument(world: AbstractWorld, levels: int) -> CodeLength:
    return CodeLength(goals(world), num_levels=levels)
