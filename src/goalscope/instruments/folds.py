"""How well utilities fitted to some levels predict what is done on others."""

from typing import NamedTuple

import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float, Int, Key

from goalscope.tabular.attribution import (
    Behaviour,
    Utility,
    fit,
    habit_scores,
    habits,
    lookup_scores,
    scores,
)
from goalscope.tabular.process import DeterministicProcess

NUM_FOLDS = 3
KNOWN_RIDGES, PLAYED_RIDGES = (2e-4, 2e-3), (3e-3, 3e-2)
NUM_STEPS = 40
TOLERANCE = 1e-2

_SINGLE = np.eye(NUM_FOLDS, dtype=np.float32)
_OTHERS = 1 - _SINGLE
_SUBSETS = np.concatenate([_SINGLE, _OTHERS])


class Predictions(NamedTuple):
    """Log-likelihood of the decisions of each level beyond chance, in nats, `[L]` each.

    Fields:
        goal: by the utility fitted to the levels of the other folds, or by habits where no
            utility helped there.
        habits: by how often each action is taken on the other folds.
        lookup: by what is done in the same place on the other folds.
        fitted: by utilities that were fitted to the level itself.
        random: by utilities like the fitted one, dealt out at random, `[L, K]`.
        decisions: discounted number of decisions.
        certainty: by the agent's own probabilities: the most that can be had.
    """

    goal: Float[Array, " L"]
    habits: Float[Array, " L"]
    lookup: Float[Array, " L"]
    fitted: Float[Array, " L"]
    random: Float[Array, "L K"]
    decisions: Float[Array, " L"]
    certainty: Float[Array, " L"]


def predict(
    key: Key[Array, ""],
    behaviour: Behaviour,
    discount: Float[Array, ""],
    *,
    ridges: tuple[float, ...],
    num_random: int,
) -> Predictions:
    """Return predictions of every level from other levels. Consumes `key`.

    Levels are split in `NUM_FOLDS` folds. For each, a utility is fitted to the other folds.
    Its ridge is chosen there: by how well a utility fitted to one of these folds predicts
    another; if none of `ridges` gains anything over habits, there is no utility.
    `KNOWN_RIDGES` suit exact occupancies, `PLAYED_RIDGES` those of an episode a level.
    """
    num_ridges, fold_size = len(ridges), behaviour.num_levels // NUM_FOLDS
    fold = np.arange(behaviour.num_levels) // fold_size
    levels = jnp.asarray(np.repeat(_SUBSETS[:, fold].T, num_ridges, axis=1))
    ridge = jnp.asarray(np.tile(np.array(ridges, np.float32), len(_SUBSETS)))
    utility = fit(behaviour, levels, ridge, discount, num_steps=NUM_STEPS)
    usual = habits(behaviour, levels)
    by_goal = scores(behaviour, utility, discount, tolerance=TOLERANCE)
    by_habit = habit_scores(behaviour, usual)
    by_lookup = lookup_scores(behaviour, levels, usual)
    table = (len(fold), 2, NUM_FOLDS, num_ridges)
    gain = (by_goal - by_habit).reshape(table)
    choice, found = _choose(gain[:, 0], fold)
    unseen = jnp.take_along_axis(gain[:, 1], choice[None, :, None], axis=2)[..., 0]
    gained = _diagonal(unseen * found[None], fold)
    without = _diagonal(by_habit.reshape(table)[:, 1, :, 0], fold)
    seen = jnp.asarray(_OTHERS[fold])
    own = jnp.sum(seen * by_goal.reshape(table)[:, 1, :, 0], axis=1) / (NUM_FOLDS - 1)
    index = (NUM_FOLDS + jnp.arange(NUM_FOLDS)) * num_ridges + choice
    chosen = _chosen(utility, index, found)
    dealt = _by_random(key, behaviour, chosen, discount, num_random)
    random = jnp.where(found[fold][:, None] > 0, dealt, without[:, None])
    return Predictions(
        goal=without + gained,
        habits=without,
        lookup=_diagonal(by_lookup.reshape(table)[:, 1, :, 0], fold),
        fitted=own,
        random=random,
        decisions=behaviour.total(),
        certainty=_certainty(behaviour),
    )


def _choose(
    gain: Float[Array, "L k R"], fold: np.ndarray
) -> tuple[Int[Array, " k"], Float[Array, " k"]]:
    """Return the ridge for each test fold, and 1 if it gains anything on the others."""
    of_fold = jnp.stack([jnp.sum(gain[fold == k], axis=0) for k in range(NUM_FOLDS)])
    total = [
        sum(of_fold[j, i] for i in range(NUM_FOLDS) for j in range(NUM_FOLDS)
            if len({i, j, k}) == NUM_FOLDS)
        for k in range(NUM_FOLDS)
    ]  # fmt: skip
    total = jnp.stack(total)
    return jnp.argmax(total, axis=1), (jnp.max(total, axis=1) > 0).astype(gain.dtype)


def _chosen(
    utility: Utility, index: Int[Array, " k"], found: Float[Array, " k"]
) -> Utility:
    """Return the utility that predicts each fold; nothing is worth anything in none."""
    events, places, usual = (leaf[:, index] for leaf in utility)
    return Utility(events * found[None], places * found[None], usual)


def _by_random(
    key: Key[Array, ""],
    behaviour: Behaviour,
    utility: Utility,
    discount: Float[Array, ""],
    number: int,
) -> Float[Array, "L K"]:
    """Return what utilities of the same worths, dealt out at random, predict."""

    def one(item):
        key, fold, utility = item
        k_events, k_places = jax.random.split(key)
        dealt = Utility(
            _deal(k_events, utility.events, number),
            _deal(k_places, utility.places, number),
            jnp.repeat(utility.habits[:, None], number, axis=1),
        )
        part = _part(behaviour, fold)
        return scores(part, dealt, discount, tolerance=TOLERANCE)

    by_fold = Utility(*(leaf.T for leaf in utility))
    keys = jax.random.split(key, NUM_FOLDS)
    return jnp.concatenate(jax.lax.map(one, (keys, jnp.arange(NUM_FOLDS), by_fold)))


def _deal(
    key: Key[Array, ""], worths: Float[Array, " M"], number: int
) -> Float[Array, "M K"]:
    """Return `worths` in a random order and with random signs, `number` times."""
    k_order, k_sign = jax.random.split(key)
    shape = (worths.shape[0], number)
    order = jnp.argsort(jax.random.uniform(k_order, shape), axis=0)
    return worths[order] * jax.random.rademacher(k_sign, shape, worths.dtype)


def _part(behaviour: Behaviour, number: Int[Array, ""]) -> Behaviour:
    """Return the behaviour on one fold."""
    process = behaviour.process
    size = process.start.shape[0] // NUM_FOLDS

    def cut(leaf):
        return jax.lax.dynamic_slice_in_dim(leaf, number * size, size)

    successors = cut(process.successors) - number * size
    return Behaviour(
        process=DeterministicProcess(cut(process.start), successors, cut(process.going)),
        flow=cut(behaviour.flow),
        events=cut(behaviour.events),
        places=cut(behaviour.places),
        here=cut(behaviour.here),
        num_levels=behaviour.num_levels // NUM_FOLDS,
        num_places=behaviour.num_places,
    )


def _diagonal(by_fold: Float[Array, "L k"], fold: np.ndarray) -> Float[Array, " L"]:
    """Return the prediction of each level that did not see its fold."""
    return jnp.sum(by_fold * jnp.asarray(_SINGLE[fold]), axis=1)


def _certainty(behaviour: Behaviour) -> Float[Array, " L"]:
    """Return `Σ d(s,a) [log π(a|s) − log 1/A]` of the agent's own probabilities."""
    present = jnp.sum(behaviour.flow, axis=1, keepdims=True)
    policy = behaviour.flow / jnp.maximum(present, 1e-12)
    logs = jnp.log(jnp.maximum(policy, 1e-12)) + np.log(policy.shape[1])
    return behaviour.gather(jnp.sum(behaviour.flow * logs, axis=1))
