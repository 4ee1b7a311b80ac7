"""The trial of represented places: what is shown, what is stored, and what drives."""

from goalscope.calibrating.places import goals, networked_mazes
from goalscope.calibrating.trial import Case, Trial
from goalscope.instruments.represented_place import RepresentedPlace
from goalscope.worlds.base import AbstractWorld
from goalscope.zoo.known_place import PlaceIgnoredKind, PlaceStoredKind, PlaceUsedKind


def trial() -> Trial:
    """Return the trial.

    Networks that learnt to go to a place are not among the positives: how much of a place a
    learnt layer holds is not known, and teaching each takes minutes.
    """
    return Trial(
        worlds=networked_mazes,
        instrument=_instrument,
        levels=32,
        cases=(
            Case(kind=PlaceUsedKind(), role="positive"),
            Case(kind=PlaceStoredKind(), role="negative"),
            Case(kind=PlaceIgnoredKind(), role="negative"),
        ),
        score="restricted interchange",
        threshold=0.5,
        limits=(
            "Two of four actions lead to most places, so that chance alone is right in "
            "many pairs.",
            "A goal that lies in the same place in every level is no variable.",
            "That a place drives an agent says not whether it goes there or flees it.",
        ),
    )


def _instrument(world: AbstractWorld, levels: int) -> RepresentedPlace:
    return RepresentedPlace(goals(world)[0], num_levels=levels)
