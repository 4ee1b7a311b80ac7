"""The trial of the planning horizon: do its intervals hold depth and discount?"""

from goalscope.calibrating.places import goals, mazes
from goalscope.calibrating.trial import Case, Trial
from goalscope.instruments.horizon import Horizon
from goalscope.worlds.base import AbstractWorld
from goalscope.zoo.action_bias import ActionBiasKind
from goalscope.zoo.misled import NoisyPlannerKind
from goalscope.zoo.planner import PlannerKind
from goalscope.zoo.random_deterministic import RandomDeterministicKind
from goalscope.zoo.short_sighted import DiscountingKind, MyopicKind, ShortSightedKind
from goalscope.zoo.uniform import UniformKind


def trial() -> Trial:
    """Return the trial."""
    return Trial(
        worlds=mazes,
        instrument=_instrument,
        levels=6,
        cases=(
            Case(
                kind=DiscountingKind(),
                role="positive",
                from_dose=0.7,
                truth={"discount": float},
                trend={"discount": 1},
            ),
            Case(
                kind=ShortSightedKind(),
                role="positive",
                from_dose=4.0,
                truth={"depth": float},
                trend={"depth": 1},
            ),
            Case(kind=UniformKind()),
            Case(kind=MyopicKind(), role="negative", truth={"discount": float}),
            Case(kind=RandomDeterministicKind()),
            Case(kind=ActionBiasKind()),
            Case(kind=NoisyPlannerKind()),
            Case(kind=PlannerKind()),
        ),
        score="discount",
        threshold=0.5,
        listed={
            "noisy planner": "more chance is less evidence of anything",
            "planner": "at a low β little is decided",
            "myopic": "the dose is what the instrument reads",
        },
        limits=(
            "It compares planners of one goal: an agent of habits has a horizon by "
            "accident.",
            "Depth and discount are read one at a time, the other at its usual value.",
        ),
    )


def _instrument(world: AbstractWorld, levels: int) -> Horizon:
    return Horizon(goals(world), num_levels=levels)
