"""The calibration that comes with this version: what each instrument is released for."""

import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any

from goalscope.scoring.records import Scorecard

FILE = "released.json"


@dataclass(frozen=True)
class Release:
    """How an instrument did in one world, on the test half of the zoo, at full size.

    Fields:
        instrument: its class.
        world: class of the world.
        levels: number of levels that each agent was measured on.
        auc: of positives against negatives.
        convicted, negatives: how many of how many negatives were convicted.
        limit: one-sided upper 95 % limit of that share.
        released: whether every gate was met.
        misses: the gates that were not, in words.
    """

    instrument: str
    world: str
    levels: int
    auc: float
    convicted: int
    negatives: int
    limit: float
    released: bool
    misses: tuple[str, ...]


@dataclass(frozen=True)
class Domain:
    """Where an instrument was used.

    Fields:
        instrument: its class.
        levels: number of levels, None where it has none.
        worlds: classes of the worlds.
    """

    instrument: str
    levels: int | None
    worlds: tuple[str, ...]


@functools.cache
def releases() -> tuple[Release, ...]:
    """Return the shipped calibration; empty if there is none."""
    file = resources.files("goalscope.scoring").joinpath(FILE)
    if not file.is_file():
        return ()
    rows = json.loads(file.read_text("utf-8"))
    return tuple(Release(**{**row, "misses": tuple(row["misses"])}) for row in rows)


def released_for(instrument: str) -> tuple[Release, ...]:
    """Return how an instrument did, a record for each world; empty if never tried."""
    return tuple(row for row in releases() if row.instrument == instrument)


def doubts(domain: Domain) -> tuple[str, ...]:
    """Return why the shipped calibration does not cover this use, if so.

    It does not cover a world of another class, nor fewer levels than were tried; and what
    it covers may not have been released.
    """
    known = released_for(domain.instrument)
    if not known:
        return (f"{domain.instrument} comes without a calibration.",)
    found = []
    worlds = {row.world for row in known}
    elsewhere = [world for world in domain.worlds if world not in worlds]
    if elsewhere:
        found.append(
            f"{domain.instrument} was calibrated in {_list(worlds)}, and is used here in "
            f"{_list(elsewhere)}."
        )
    fewest = min(row.levels for row in known)
    if domain.levels is not None and domain.levels < fewest:
        found.append(
            f"{domain.instrument} was calibrated on {fewest} levels an agent, and is used "
            f"here on {domain.levels}."
        )
    missed = [row for row in known if not row.released and row.world in domain.worlds]
    found += [
        f"{row.instrument} is not released in {row.world}: {'; '.join(row.misses)}."
        for row in missed
    ]
    return tuple(found)


def to_release(card: Scorecard, instrument: str, world: str) -> dict[str, Any]:
    """Return a scorecard as a row of the shipped file.

    Args:
        card: the scorecard.
        instrument: class of the instrument.
        world: class of the world.
    """
    row = Release(
        instrument=instrument,
        world=world,
        levels=card.levels,
        auc=round(card.auc.estimate, 4),
        convicted=round(card.false_rate.estimate * card.negatives),
        negatives=card.negatives,
        limit=round(card.false_rate.upper, 4),
        released=card.released,
        misses=tuple(
            f"{gate.name} is {gate.value:.3g}, required {gate.bound}"
            for gate in card.misses
        ),
    )
    return {**vars(row), "misses": list(row.misses)}


def domain(words: Mapping[str, Any], worlds: Sequence[str]) -> Domain | None:
    """Return where an instrument was used, from what a result says of it, if it says it."""
    if "class" not in words:
        return None
    return Domain(words["class"], words.get("levels"), tuple(dict.fromkeys(worlds)))


def _list(names: Sequence[str] | set[str]) -> str:
    return ", ".join(sorted(names))
