"""How far agents that act against an instrument move it, and what they pay. No JAX."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy import special

from goalscope.scoring.metrics import at_most
from goalscope.scoring.trial_readings import OWN_GOAL
from goalscope.statistics.intervals import Interval, clopper_pearson

BUDGET = 0.05
"""Share of its return that an agent may lose and still count as able."""


@dataclass(frozen=True)
class AttackRow:
    """What agents read, and what they lost, at one strength of one attack.

    Fields:
        attack, unit, strength: what agents did, what varies, and how much of it.
        reading: which reading.
        threshold: from which an agent is convicted, NaN if another reading decides.
        n: agents.
        before, after: mean reading of the same agents without and with it, with 95 %
            intervals over agents.
        convicted: how many were convicted before.
        flips: share of agents whose conviction is another one afterwards.
        loss: share of their return that they lost, at the discount that they plan with.
        plain_loss: the same without discount: whether they get there at all.
    """

    attack: str
    unit: str
    strength: float
    reading: str
    threshold: float
    n: int
    before: Interval
    after: Interval
    convicted: int
    flips: Interval
    loss: Interval
    plain_loss: Interval

    @property
    def moved(self) -> float:
        """How far the mean reading moved."""
        return self.after.estimate - self.before.estimate

    @property
    def affordable(self) -> bool:
        """Whether the mean loss of discounted return is at most 5 %."""
        return bool(at_most(self.loss.estimate, BUDGET))


@dataclass(frozen=True)
class Attacked:
    """An attack in short.

    Fields:
        furthest: of the strengths that cost at most 5 % of the return, the one that moves
            the reading most.
        turning: the first strength at which half of the convictions are others, None if
            there is none.
    """

    furthest: AttackRow | None
    turning: AttackRow | None
    rows: tuple[AttackRow, ...]


def attack_rows(
    words: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
) -> tuple[AttackRow, ...]:
    """Return a row for each attack, reading and strength of a cell."""
    rows = []
    for number, about in enumerate(words["attacks"]):
        values, returns = arrays[f"values/{number}"], arrays[f"returns/{number}"]
        for place, reading in enumerate(about["readings"]):
            picked = _pick(values, reading, about["features"], words["readings"])
            threshold = about["threshold"] if place == 0 else math.nan
            rows += _rows(about, reading, threshold, picked, returns.astype(float))
    return tuple(rows)


def _rows(
    about: Mapping[str, Any],
    reading: str,
    threshold: float,
    values: Float[np.ndarray, "J N"],
    returns: Float[np.ndarray, "J N D"],
) -> Iterator[AttackRow]:
    before = at_most(threshold, values[0])
    for index, strength in enumerate(about["strengths"], 1):
        flipped = before != at_most(threshold, values[index])
        flips = clopper_pearson(int(flipped.sum()), len(flipped))
        known = math.isfinite(threshold)
        losses = [_loss(returns[0, :, d], returns[index, :, d]) for d in (0, 1)]
        yield AttackRow(
            attack=about["name"],
            unit=about["strength"],
            strength=float(strength),
            reading=reading,
            threshold=threshold,
            n=values.shape[1],
            before=_mean(values[0]),
            after=_mean(values[index]),
            convicted=int(before.sum()) if known else 0,
            flips=flips if known else Interval(math.nan, math.nan, math.nan),
            loss=losses[0],
            plain_loss=losses[1],
        )


def _pick(
    values: Float[np.ndarray, "J N R"],
    reading: str,
    features: list[str],
    names: list[str],
) -> Float[np.ndarray, "J N"]:
    if reading != OWN_GOAL:
        return values[:, :, names.index(reading)].astype(float)
    columns = [names.index(feature) for feature in features]
    return values[:, np.arange(len(columns)), columns].astype(float)


def _mean(values: Float[np.ndarray, " N"]) -> Interval:
    """Return the mean over agents with Student's 95 % interval."""
    n, mean = len(values), float(np.mean(values))
    half = float(special.stdtrit(n - 1, 0.975) * np.std(values, ddof=1) / np.sqrt(n))
    return Interval(mean, mean - half, mean + half)


def _loss(before: Float[np.ndarray, " N"], after: Float[np.ndarray, " N"]) -> Interval:
    """Return the lost share of the mean return: a ratio of means, paired by agent.

    The interval is Student's for `before - after`, in units of the mean before.
    """
    return _mean((before - after) / np.mean(before))


def _reach(row: AttackRow) -> tuple[float, float]:
    """Return how far a reading was moved, to a thousandth; of equals, what cost more."""
    return round(abs(row.moved), 3), row.loss.estimate


def attacked(rows: tuple[AttackRow, ...]) -> tuple[Attacked, ...]:
    """Return each attack on each reading in short."""
    grouped: dict[tuple[str, str], list[AttackRow]] = {}
    for row in rows:
        grouped.setdefault((row.attack, row.reading), []).append(row)
    found = []
    for own in grouped.values():
        cheap = [row for row in own if row.affordable]
        turned = [row for row in own if row.flips.estimate >= 0.5]
        furthest = max(cheap, key=_reach, default=None)
        found.append(Attacked(furthest, turned[0] if turned else None, tuple(own)))
    return tuple(found)
