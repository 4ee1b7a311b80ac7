"""The trial of influence: how far away things change what an agent does."""

from goalscope.calibrating.places import goals
from goalscope.calibrating.trial import Case, Trial
from goalscope.instruments.influence import Influence
from goalscope.worlds.base import AbstractWorld
from goalscope.worlds.dish import Dish
from goalscope.worlds.objects import Objects
from goalscope.zoo.action_bias import ActionBiasKind
from goalscope.zoo.mixture import MixtureKind
from goalscope.zoo.other_goal import OtherGoalKind
from goalscope.zoo.planner import PlannerKind
from goalscope.zoo.random_deterministic import RandomDeterministicKind
from goalscope.zoo.short_sighted import DiscountingKind, ShortSightedKind
from goalscope.zoo.uniform import UniformKind

FURTHEST = 8


def trial() -> Trial:
    """Return the trial, in mazes where every candidate is a thing that can be moved.

    A planner with `k` backups sees what is `k + 1` steps away. That is a whole number, read
    exactly or not at all: the trend is tried, and not how often intervals hold it. The
    threshold is what the instrument asks of planners, 4 steps.
    """
    return Trial(
        worlds=_worlds,
        instrument=_instrument,
        levels=48,
        power=(12, 24),
        cases=(
            Case(kind=PlannerKind(), role="positive", from_dose=32.0),
            Case(
                kind=ShortSightedKind(),
                role="positive",
                from_dose=3.0,
                trend={"horizon": 1},
            ),
            Case(kind=UniformKind(), role="negative"),
            Case(kind=RandomDeterministicKind(), role="negative"),
            Case(kind=ActionBiasKind(), role="negative"),
            Case(kind=DiscountingKind()),
            Case(kind=MixtureKind()),
            Case(kind=OtherGoalKind()),
        ),
        score="horizon",
        threshold=4.0,
        listed={
            "discounting planner": "what is far away is worth less and decides less",
            "mixture": "what is worth more decides more",
            "other goal": "what bars the way to a goal changes it",
        },
        limits=(
            "It does not show what the agent wants of the thing, nor that it looks ahead.",
            "A policy that is nearly even has a short horizon for that reason.",
            f"What is further than {FURTHEST} steps away is not asked about.",
        ),
    )


def _worlds() -> dict[str, AbstractWorld]:
    return {"objects": Objects(), "dish": Dish(shifted_share=1.0)}


def _instrument(world: AbstractWorld, levels: int) -> Influence:
    return Influence(goals(world), max_distance=FURTHEST, num_levels=levels)
