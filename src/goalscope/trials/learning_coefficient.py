"""The trial of the local learning coefficient: networks whose value is known."""

from goalscope.calibrating.places import networked_mazes
from goalscope.calibrating.trial import Case, Trial
from goalscope.instruments.learning_coefficient import LearningCoefficient
from goalscope.worlds.base import AbstractWorld
from goalscope.zoo.placebo_parameters import PlaceboParametersKind
from goalscope.zoo.reduced_rank import ReducedRankKind


def trial() -> Trial:
    """Return the trial."""
    return Trial(
        worlds=networked_mazes,
        instrument=_instrument,
        levels=4,
        cases=(
            Case(kind=ReducedRankKind(), role="positive", trend={"capability": 1}),
            Case(kind=PlaceboParametersKind(), role="negative"),
        ),
        score="goal",
        threshold=0.5,
        limits=(
            "Absolute values depend on the sampler: only settings on a plateau count, and "
            "differences.",
        ),
    )


def _instrument(_: AbstractWorld, levels: int) -> LearningCoefficient:
    return LearningCoefficient(num_levels=levels)
