"""When the general answer begins to grow, and when it shows in accuracy. No JAX.

Accuracy *leaves chance* at the first look from which on it always exceeds what guessing
does in 99 of 100 cases: the 99 % quantile of a binomial distribution whose chance is that
of the best constant answer. "From which on" keeps single lucky looks out: with 60 looks,
some would pass by luck.

Growth *crosses zero* at the look from which on it is positive up to the look at which
accuracy leaves chance. If it is not yet positive there, the crossing is the next look at
which it is. Training *is over* when accuracy first makes 95 % of the way from chance to
where it ends, so that a run that goes on for longer does not look different.
"""

from typing import NamedTuple

import numpy as np
import scipy
from jaxtyping import Bool, Float, Int

HALF, LEARNT = 0.5, 0.95
QUANTILE = 0.99


class Milestones(NamedTuple):
    """When things happened, in updates; infinite if never.

    Fields:
        crossing: growth became positive.
        rise: accuracy left chance.
        learnt: accuracy reached 0.95; the last look if it never did.
        half: accuracy first reached one half.
    lead: `(rise − crossing) / learnt`; −1 where growth never became positive, NaN
            where accuracy never left chance.
        lead_in_run: the same, in parts of the whole run.
    """

    crossing: float
    rise: float
    half: float
    learnt: float
    lead: float
    lead_in_run: float
    lead_to_half: float


def chance_limit(num_cases: int, chance: float) -> float:
    """Return the accuracy that guessing exceeds in at most 1 of 100 cases.

    >>> chance_limit(1000, 0.5)
    0.537
    """
    return float(scipy.stats.binom.ppf(QUANTILE, num_cases, chance)) / num_cases


def best_constant(labels: Int[np.ndarray, " N"], occurs: Float[np.ndarray, " N"]) -> float:
    """Return the share of the cases that occur to which the commonest answer is right."""
    counts = np.bincount(labels[occurs > 0])
    return float(counts.max() / counts.sum())


def milestones(
    updates: Int[np.ndarray, " C"],
    growth: Float[np.ndarray, " C"],
    accuracy: Float[np.ndarray, " C"],
    *,
    chance: float,
    num_cases: int,
) -> Milestones:
    """Return when growth became positive and when accuracy left chance.

    Args:
        updates: of each look.
        growth: `G` of held-out cases.
        accuracy: on held-out cases.
        chance: accuracy of the best constant answer.
        num_cases: that are held out.

    >>> times = np.array([0, 10, 20, 30, 40])
    >>> growth = np.array([-1.0, 1.0, 1.0, 1.0, 1.0])
    >>> accuracy = np.array([0.1, 0.1, 0.1, 0.5, 1.0])
    >>> found = milestones(times, growth, accuracy, chance=0.1, num_cases=100)
    >>> found.crossing, found.rise, found.learnt, found.lead
    (10.0, 30.0, 40.0, 0.5)
    """
    risen = _first_of_rest(accuracy > chance_limit(num_cases, chance))
    rise = float(updates[risen]) if risen < len(updates) else np.inf
    crossing = _crossing(updates, growth > 0, min(risen, len(updates) - 1))
    gain = (accuracy - chance) / max(accuracy[-1] - chance, 1e-9)
    half, learnt = (float(updates[np.argmax(gain >= bar)]) for bar in (HALF, LEARNT))
    if not np.isfinite(rise):
        half, learnt = np.inf, np.inf
    return Milestones(
        crossing,
        rise,
        half,
        learnt,
        lead=_lead(crossing, rise, learnt),
        lead_in_run=_lead(crossing, rise, float(updates[-1])),
        lead_to_half=_lead(crossing, half, learnt),
    )


def _first_of_rest(holds: Bool[np.ndarray, " C"]) -> int:
    """Return from which place on it always holds; the length if not even at the end."""
    fails = np.flatnonzero(~holds)
    return int(fails[-1]) + 1 if len(fails) else 0


def _crossing(
    updates: Int[np.ndarray, " C"], grows: Bool[np.ndarray, " C"], until: int
) -> float:
    if grows[until]:
        return float(updates[_first_of_rest(grows[: until + 1])])
    later = np.flatnonzero(grows[until:])
    return float(updates[until + later[0]]) if len(later) else np.inf


def _lead(crossing: float, rise: float, whole: float) -> float:
    if not np.isfinite(rise):
        return np.nan
    return (rise - crossing) / max(whole, 1.0) if np.isfinite(crossing) else -1.0
