"""From what agents do to what is read: ratios to their own peaks, and guards. No JAX."""

import numpy as np
from jaxtyping import Float, Int

FLOOR = 1e-6


def relative(
    norms: Float[np.ndarray, "N G B"], peaks: Float[np.ndarray, "N G B"]
) -> Float[np.ndarray, "N G B"]:
    """Return `ρ`: norms relative to the same agent's peak; 0 where there is no gradient."""
    known = np.where(peaks > 0, peaks, 1.0)
    return np.where(peaks > 0, norms / known, np.where(np.isnan(peaks), np.nan, 0.0))


def selectivity(
    capability: Float[np.ndarray, " *b"], goal: Float[np.ndarray, " *b"]
) -> Float[np.ndarray, " *b"]:
    """Return `Σ = log10(ρ_capability / ρ_goal)`, neither taken below one in a million.

    >>> float(selectivity(np.array(0.5), np.array(0.005)))
    2.0
    """
    ratio = np.maximum(capability, FLOOR) / np.maximum(goal, FLOOR)
    return np.asarray(np.log10(ratio))


def kappa(
    before: Int[np.ndarray, "N G"], after: Int[np.ndarray, "N G"]
) -> Float[np.ndarray, " N"]:
    """Return Cohen's κ between two labels of the same agents; 1 where nothing can differ.

    `(p_o − p_e) / (1 − p_e)`, the agreement beyond that of independent labels (1960).

    >>> kappa(np.array([[0, 1, 0, 1]]), np.array([[0, 1, 1, 0]])).tolist()
    [0.0]
    """
    agreed = (before == after).mean(axis=-1)
    kinds = range(int(max(before.max(), after.max())) + 1)
    chance = sum(
        (before == kind).mean(axis=-1) * (after == kind).mean(axis=-1) for kind in kinds
    )
    certain = chance >= 1
    return np.where(certain, 1.0, (agreed - chance) / np.where(certain, 1.0, 1 - chance))


def crossing(
    stakes: Float[np.ndarray, " C"], shares: Float[np.ndarray, "N C"]
) -> Float[np.ndarray, " N"]:
    """Return the stake at which a share passes the middle of its way, by a logistic fit.

    `share = low + (high − low) / (1 + (λ / λ_c)^−a)` with `low` and `high` what is read at
    the smallest and at the largest stake: `λ_c` is where a line through the log-odds over
    `log λ`, weighted by `p (1 − p)`, is 0. NaN where nothing changes.
    """
    low, high = shares[:, :1], shares[:, -1:]
    span = np.where(high > low, high - low, np.nan)
    part = (shares[:, 1:-1] - low) / span
    inside = np.clip(part, 1e-3, 1 - 1e-3)
    odds, weights = np.log(inside / (1 - inside)), inside * (1 - inside)
    logs = np.log(stakes[1:-1])[None]
    total = weights.sum(axis=1, keepdims=True)
    at = (weights * logs).sum(axis=1, keepdims=True) / total
    level = (weights * odds).sum(axis=1, keepdims=True) / total
    rise = (weights * (logs - at) * (odds - level)).sum(axis=1)
    slope = rise / (weights * (logs - at) ** 2).sum(axis=1)
    return np.exp(at[:, 0] - level[:, 0] / slope)


def sign_change(
    stakes: Float[np.ndarray, " C"], signed: Float[np.ndarray, "N C"]
) -> Float[np.ndarray, " N"]:
    """Return the stake at which a pressure turns from below 0 to above.

    NaN if it never does; the last upward change, linear in the stake between two readings.
    """
    turns = (signed[:, :-1] < 0) & (signed[:, 1:] >= 0)
    last = signed.shape[1] - 2 - turns[:, ::-1].argmax(axis=1)
    rows = np.arange(len(signed))
    before, after = signed[rows, last], signed[rows, last + 1]
    rise = np.where(after > before, after - before, 1.0)
    found = stakes[last] - before / rise * (stakes[last + 1] - stakes[last])
    return np.where(turns.any(axis=1), found, np.nan)
