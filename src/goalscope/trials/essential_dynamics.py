"""The trial of essential dynamics: who went somewhere, and who wandered."""

from goalscope.calibrating.places import mazes
from goalscope.calibrating.trial import Case, Trial
from goalscope.instruments.essential_dynamics import EssentialDynamics
from goalscope.worlds.base import AbstractWorld
from goalscope.zoo.drifting_walk import DriftingWalkKind
from goalscope.zoo.random_walk import RandomWalkKind


def trial() -> Trial:
    """Return the trial; the threshold is what the instrument allows random walks.

    A drift of `r` times the noise of a step makes steps correlate by `r² / (1 + r²)`, which
    exceeds the threshold from a third on.
    """
    return Trial(
        worlds=mazes,
        instrument=_instrument,
        levels=8,
        power=(2, 4),
        cases=(
            Case(
                kind=DriftingWalkKind(),
                role="positive",
                from_dose=0.4,
                trend={"persistence": 1},
            ),
            Case(kind=RandomWalkKind(), role="negative"),
        ),
        score="persistence",
        threshold=0.1,
        limits=(
            "It does not say what was learnt: unlearning at a steady pace goes straight "
            "as well.",
            "Behaviour that moves in turn in independent directions reads as wandering.",
        ),
    )


def _instrument(_: AbstractWorld, levels: int) -> EssentialDynamics:
    return EssentialDynamics(num_levels=levels)
