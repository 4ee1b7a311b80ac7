"""Questions put to a policy, and its answers as numbers of the right shape. No JAX."""

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np

from goalscope.auditing.refusal import RefusedError

Policy = Callable[[np.ndarray, np.ndarray], Any]


def one_by_one(
    policy: Policy,
    views: np.ndarray,
    levels: np.ndarray,
    tokens: np.ndarray,
    actions: list[str],
) -> np.ndarray:
    """Return the answers to all questions, asked one by one, `[M, A]`."""
    found = np.empty((len(levels), len(actions)))
    for row, (level, seen) in enumerate(zip(levels.tolist(), tokens, strict=True)):
        given = policy(views[level].copy(), seen.copy())
        found[row] = _numbers(given, (len(actions),), level, seen)
    return found


def level_by_level(
    policy: Policy,
    views: np.ndarray,
    levels: np.ndarray,
    tokens: np.ndarray,
    actions: list[str],
) -> np.ndarray:
    """Return the answers to all questions, asked as they follow in a level, `[M, A]`."""
    found = []
    numbered = zip(levels.tolist(), range(len(levels)), strict=True)
    for level, group in itertools.groupby(numbered, key=lambda pair: pair[0]):
        seen = tokens[[row for _, row in group]]
        given = policy(views[level].copy(), seen.copy())
        found.append(_numbers(given, (len(seen), len(actions)), level, seen))
    return np.concatenate(found)


def _numbers(
    given: Any, shape: tuple[int, ...], level: int, tokens: np.ndarray
) -> np.ndarray:
    """Return what a policy gave as numbers of the right shape."""
    where = f"asked about level {level}, tokens {short(tokens.tolist())}"
    try:
        numbers = np.asarray(given)
    except (ValueError, TypeError):
        numbers = np.asarray(None)
    if numbers.dtype.kind not in "biuf":
        kind = type(given).__name__
        raise RefusedError(
            f"{where} it returned a {kind} that holds no numbers: {short(given)}"
        )
    if numbers.shape != shape:
        hint = ""
        if numbers.shape == shape[:-1]:
            hint = "; for a fixed choice of action return np.eye(number of actions)[action]"
        raise RefusedError(f"{where} it returned shape {numbers.shape}, not {shape}{hint}")
    return numbers.astype(float)


def short(value: object) -> str:
    """Return a value as text of at most 60 characters."""
    try:
        text = repr(value)
    except Exception:
        text = f"something of type {type(value).__name__}"
    return text if len(text) <= 60 else text[:57] + "..."
