"""The trial of thinking time: nothing for agents without memory."""

from goalscope.calibrating.places import goals, mazes
from goalscope.calibrating.trial import Case, Trial
from goalscope.instruments.thinking_time import ThinkingTime
from goalscope.worlds.base import AbstractWorld
from goalscope.zoo.compiled_table import CompiledTableKind
from goalscope.zoo.periodic import PeriodicKind
from goalscope.zoo.planner import PlannerKind
from goalscope.zoo.thinker import ThinkerKind
from goalscope.zoo.uniform import UniformKind


def trial() -> Trial:
    """Return the trial."""
    return Trial(
        worlds=mazes,
        instrument=_instrument,
        levels=32,
        cases=(
            Case(
                kind=ThinkerKind(),
                role="positive",
                to_dose=2.0,
                trend={"thinking time": -1},
            ),
            Case(kind=PlannerKind(), role="negative"),
            Case(kind=CompiledTableKind(), role="negative"),
            Case(kind=UniformKind(), role="negative"),
            Case(kind=PeriodicKind()),
        ),
        score="thinking time",
        threshold=0.01,
        limits=(
            "An agent that thinks all it can before its first action gains nothing by "
            "more time.",
        ),
    )


def _instrument(world: AbstractWorld, levels: int) -> ThinkingTime:
    return ThinkingTime(goals(world), num_levels=levels)
