"""The trial of edit generalisation: planners from what they would do by heart."""

from goalscope.calibrating.places import goals, stored_mazes
from goalscope.calibrating.trial import Case, Trial
from goalscope.instruments.edit_generalisation import EditGeneralisation
from goalscope.worlds.base import AbstractWorld
from goalscope.zoo.compiled_table import CompiledTableKind
from goalscope.zoo.distilled import DistilledPlannerKind, DistilledTableKind
from goalscope.zoo.misled import NoisyPlannerKind, WallBlindKind
from goalscope.zoo.planner import PlannerKind
from goalscope.zoo.short_sighted import ShortSightedKind
from goalscope.zoo.uniform import UniformKind


def trial() -> Trial:
    """Return the trial."""
    return Trial(
        worlds=stored_mazes,
        instrument=_instrument,
        levels=32,
        power=(8, 16),
        cases=(
            Case(kind=PlannerKind(), role="positive", from_dose=32.0),
            Case(kind=CompiledTableKind(), role="negative"),
            Case(kind=NoisyPlannerKind()),
            Case(kind=WallBlindKind()),
            Case(kind=UniformKind()),
            Case(kind=ShortSightedKind()),
            Case(kind=DistilledPlannerKind()),
            Case(kind=DistilledTableKind()),
        ),
        score="path blocked",
        threshold=0.5,
        listed={
            "noisy planner": "more chance is less competence",
            "wall-blind": "more chance is less competence",
            "short-sighted planner": "what lies beyond its depth it cannot find",
        },
        limits=(
            "A network that was trained on every kind of level may have learnt what a "
            "search would find.",
            "An agent after none of the goals reads as incompetent.",
        ),
    )


def _instrument(world: AbstractWorld, levels: int) -> EditGeneralisation:
    return EditGeneralisation(goals(world), num_levels=levels)
