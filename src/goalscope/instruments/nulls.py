"""What an agent without a goal would do: chance, habits, and lookup tables, all learnt."""

import math
from typing import NamedTuple

import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float, Int

from goalscope.agents.lookup import row_of
from goalscope.instruments.decisions import Rates

CONCENTRATIONS = np.array([1.0, 8.0, 64.0], np.float32)
MAX_ROWS = 2**17


class Nulls(NamedTuple):
    """How well models without a goal predict decisions, level after level.

    Fields:
        log_likelihoods: of the decisions of each level, by each of `M` models, `[L, M]`.
        log_prior: of the models, `[M]`.
        predictions: action probabilities before each decision, averaged over the models
            as they are weighted by the levels before, `[L, T, A]`.
    """

    log_likelihoods: Float[Array, "L M"]
    log_prior: Float[Array, " M"]
    predictions: Float[Array, "L T A"]


def predict(decisions: Rates, *, num_actions: int, token_sizes: tuple[int, ...]) -> Nulls:
    """Return how models without a goal predict `decisions`, with leading axis `L`.

    Every model knows the decisions of earlier levels and none of its own level
    (prequential, Dawid 1984), so that likelihoods of levels multiply.

    *Chance*: uniform. It is also what a separate table for every level predicts, since
    every state of a level counts once. *Habits*: the same action probabilities in every
    state, `(n_a + c/A) / (n + c)`. *Tables*: probabilities that depend on what the agent
    sees of its state, one token or all of them, and not on the level,
    `(n_{x,a} + c h_a) / (n_x + c)` with the habits `h` as prior mean: an imitator. Each of
    the three has a third of the prior, shared by the prior strengths `c` of
    `CONCENTRATIONS` and by the tables.
    """
    rows, num_rows = _rows(decisions.tokens, token_sizes)
    num_tables, num_strengths = rows.shape[-1], len(CONCENTRATIONS)
    shares = np.repeat(
        [1 / 3, 1 / 3 / num_strengths, 1 / 3 / num_strengths / num_tables],
        [1, num_strengths, num_strengths * num_tables],
    )
    log_prior = jnp.asarray(np.log(shares), jnp.float32)

    def level(carry, item):
        counts, log_weights = carry
        rows, taken = item
        models = _models(counts, rows)
        log_likelihood = jnp.einsum("pa,pma->m", taken, jnp.log(models))
        weights = jax.nn.softmax(log_weights)[None, :, None]
        prediction = jnp.sum(weights * models, axis=1)
        everywhere = jnp.zeros_like(rows[:, :1])
        where = jnp.concatenate([everywhere, rows + 1], axis=1)
        counts = counts.at[where].add(taken[:, None])
        return (counts, log_weights + log_likelihood), (log_likelihood, prediction)

    begin = (jnp.zeros((num_rows + 1, num_actions)), log_prior)
    _, (log_likelihoods, predictions) = jax.lax.scan(level, begin, (rows, decisions.taken))
    return Nulls(log_likelihoods, log_prior, predictions)


def _rows(
    tokens: Int[Array, "L T K"], sizes: tuple[int, ...]
) -> tuple[Int[Array, "L T m"], int]:
    """Return the rows of all tables that each decision falls into, and how many there are.

    One table for each token that varies, and one for all tokens together unless it is the
    only one, or too large to be worth filling.
    """
    parts = [(tokens[..., k], size) for k, size in enumerate(sizes) if size > 1]
    if len(parts) > 1 and math.prod(sizes) <= MAX_ROWS:
        parts.append((row_of(tokens, sizes), math.prod(sizes)))
    offsets = np.cumsum([0, *(size for _, size in parts)])
    rows = [row + int(offset) for (row, _), offset in zip(parts, offsets[:-1], strict=True)]
    return jnp.stack(rows, axis=-1), int(offsets[-1])


def _models(counts: Float[Array, "R A"], rows: Int[Array, "T m"]) -> Float[Array, "T M A"]:
    """Return every model's action probabilities; row 0 of `counts` sums over states."""
    num_steps, num_actions = rows.shape[0], counts.shape[-1]
    strength = CONCENTRATIONS[:, None]
    habits = _posterior_mean(counts[:1], strength, np.float32(1 / num_actions))
    tables = _posterior_mean(
        counts[rows + 1][:, :, None], strength[None, None], habits[None, None]
    )
    chance = jnp.full((num_steps, 1, num_actions), 1 / num_actions)
    habits = jnp.broadcast_to(habits, (num_steps, *habits.shape))
    return jnp.concatenate([chance, habits, tables.reshape(num_steps, -1, num_actions)], 1)


def _posterior_mean(
    counts: Float[Array, "*b A"],
    strength: Float[np.ndarray, "*c 1"],
    mean: Float[Array, "*d A"] | np.floating,
) -> Float[Array, "*e A"]:
    """Return the mean of a Dirichlet of this prior mean and strength, after `counts`."""
    total = jnp.sum(counts, axis=-1, keepdims=True)
    return (counts + strength * mean) / (total + strength)
