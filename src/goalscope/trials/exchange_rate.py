"""The trial of the exchange rate: who walks further for one goal than for another."""

from goalscope.calibrating.places import goals, networked_mazes
from goalscope.calibrating.trial import OWN_GOAL, Case, Trial
from goalscope.instruments.exchange_rate import ExchangeRate
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
    """Return the trial, in mazes with two candidates.

    Mixtures of nearly even weights are negatives: they have both goals, and if they never
    erred they would pay 1.5 steps for one of them at most. The rate of a mixture that errs
    has no closed form, so intervals are not tried here. The threshold is the rate that the
    instrument asks of planners, more than any mixture pays.
    """
    return Trial(
        worlds=networked_mazes,
        instrument=_instrument,
        levels=64,
        power=(16, 32),
        cases=(
            Case(kind=PlannerKind(), role="positive", from_dose=16.0),
            Case(kind=ScaledGoalKind(), role="positive"),
            Case(
                kind=MixtureKind(),
                role="negative",
                to_dose=0.54,
                trend={OWN_GOAL: 1},
            ),
            Case(kind=UniformKind(), role="negative"),
            Case(kind=RandomDeterministicKind(), role="negative"),
            Case(kind=ActionBiasKind()),
            Case(kind=AntiGoalKind()),
            Case(kind=OtherGoalKind()),
        ),
        score=OWN_GOAL,
        threshold=4.0,
        listed={
            "anti goal": "the more it flees its goal, the further it goes for the other",
        },
        limits=(
            "Who errs is lost to what lies near on the way: a mixture that would pay 3 "
            "steps if it never erred pays 2 with a β of 16 to 64.",
            "A habit of walking towards a goal reads as a price paid for it.",
            "Who is after something else reads by what lies on the way to that.",
        ),
    )


def _instrument(world: AbstractWorld, levels: int) -> ExchangeRate:
    return ExchangeRate(goals(world), num_levels=levels)
