"""The share to which something has not yet happened, when not all were watched long enough.

No JAX.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from goalscope.statistics.intervals import Interval, score_interval


@dataclass(frozen=True)
class Step:
    """The curve from one time on, until the next step.

    Fields:
        time: when it begins.
        at_risk: watched until then, and it had not happened before.
        happened: to how many at that time.
        error: standard error of the share by Greenwood's formula.
        share: to which it has not happened, with its 95 % interval.
    """

    time: float
    at_risk: int
    happened: int
    error: float
    share: Interval


def kaplan_meier(
    times: Float[np.ndarray, " n"], happened: Bool[np.ndarray, " n"]
) -> tuple[Step, ...]:
    """Return the product-limit estimate `S(t) = Π_{t_j ≤ t} (1 - d_j / n_j)` as steps.

    It happens to `d_j` of the `n_j` that are still watched at `t_j`; who is watched until
    `t_j` counts among them. The variance is Greenwood's, `S² Σ d_j / (n_j (n_j - d_j))`.
    The interval is Wilson's for as many agents as would give this variance, and so never
    leaves 0 to 1; it is Wilson's for all agents if none is left out early.

    Args:
        times: when it happened, or until when it had not.
        happened: which of the two.

    Returns:
        A step at time 0 and one for each time at which something happened; empty for
        nobody.

    Sources: Kaplan and Meier (1958), Greenwood (1926), Rothman (1978).

    >>> steps = kaplan_meier(np.array([1.0, 2.0, 3.0, 4.0]), np.array([1, 0, 1, 0], bool))
    >>> [(step.time, step.share.estimate) for step in steps]
    [(0.0, 1.0), (1.0, 0.75), (3.0, 0.375)]
    """
    if len(times) == 0:
        return ()
    size = float(len(times))
    steps = [Step(0.0, len(times), 0, 0.0, score_interval(1.0, size))]
    share, hazard = 1.0, 0.0
    for time in np.unique(times[happened]).tolist():
        at_risk = int((times >= time).sum())
        count = int((happened & (times == time)).sum())
        share *= 1 - count / at_risk
        if share > 0:
            hazard += count / (at_risk * (at_risk - count))
            size = (1 - share) / (share * hazard)
        error = share * math.sqrt(hazard)
        steps.append(Step(time, at_risk, count, error, score_interval(share, size)))
    return tuple(steps)


def watched_until(
    times: Float[np.ndarray, " n"], until: float
) -> tuple[Float[np.ndarray, " m"], Bool[np.ndarray, " m"]]:
    """Return times that end with the observation, and whether it happened before.

    Infinite times mean never; NaN means not watched, and is left out.
    """
    known = times[~np.isnan(times)]
    return np.minimum(known, until), known <= until
