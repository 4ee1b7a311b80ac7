"""A population of learners in the dilemma, with or without swapped environments."""

import equinox as eqx
import jax
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from goalscope.incentives.dilemma import COOPERATE, reward
from goalscope.incentives.learners import AbstractLearner, Stretch
from goalscope.incentives.outer_loops import AbstractOuterLoop


class Setting(eqx.Module):
    """What populations may differ in.

    Fields:
        learner: how each of them learns.
        outer: what selects between them.
        value, bonus: of the dilemma.
        spread: standard deviation of initial parameters.
        swap: whether learners change environments at every step (context swapping), so
            that what one does falls on another.
    """

    learner: AbstractLearner
    outer: AbstractOuterLoop
    value: Float[Array, ""]
    bonus: Float[Array, ""]
    spread: Float[Array, ""]
    swap: Bool[Array, ""]


@eqx.filter_jit
def cooperation(
    keys: Key[Array, " M"],
    setting: Setting,
    *,
    num_learners: int,
    num_stretches: int,
    num_steps: int,
) -> Float[Array, "M Z"]:
    """Return the share of cooperative actions in each stretch, for each population.

    Args:
        keys: one for each of the `M` populations.
        setting: the same for all of them.
        num_learners: in a population.
        num_stretches: `Z`.
        num_steps: in a stretch; the outer loop acts between two of them.
    """

    def one(key: Key[Array, ""]) -> Float[Array, " Z"]:
        return _run(key, setting, num_learners, num_stretches, num_steps)

    return jax.vmap(one)(keys)


def _run(
    key: Key[Array, ""],
    setting: Setting,
    num_learners: int,
    num_stretches: int,
    num_steps: int,
) -> Float[Array, " Z"]:
    k_init, k_state, k_run = jax.random.split(key, 3)
    keys = jax.random.split(k_init, num_learners)
    parameters = jax.vmap(setting.learner.init, (0, None))(keys, setting.spread)
    previous = jax.random.randint(k_state, (num_learners,), 0, 2)

    def stretch(carry, key):
        parameters, previous = carry
        k_begin, k_steps, k_end = jax.random.split(key, 3)
        begun = setting.outer.begin(k_begin, parameters)
        learnt, previous, record = _stretch(k_steps, setting, begun, previous, num_steps)
        learnt = jax.vmap(setting.learner.finish)(learnt, record)
        fitness = jnp.mean(record.rewards, axis=-1)
        after = setting.outer.end(k_end, begun, learnt, fitness)
        return (after, previous), jnp.mean(record.actions == COOPERATE)

    keys = jax.random.split(k_run, num_stretches)
    return jax.lax.scan(stretch, (parameters, previous), keys)[1]


def _stretch(
    key: Key[Array, ""],
    setting: Setting,
    parameters: Float[Array, "N P"],
    previous: Int[Array, " N"],
    num_steps: int,
) -> tuple[Float[Array, "N P"], Int[Array, " N"], Stretch]:
    """Return parameters, environments and, with leading axis `N`, what each one saw."""
    learner, count = setting.learner, previous.shape[0]
    k_act, k_swap = jax.random.split(key)
    places = jnp.arange(count)
    uniform = jax.random.uniform(k_act, (num_steps, count))
    order = jax.random.uniform(k_swap, (num_steps + 1, count))

    def place(row):
        return jnp.where(setting.swap, jnp.argsort(row), places)

    def step(carry, drawn):
        parameters, previous = carry
        chance, row, next_row = drawn
        here, after = place(row), place(next_row)
        seen = previous[here] * learner.stateful
        logits = jax.vmap(learner.logits)(parameters, seen)
        cooperates = jax.nn.softmax(logits)[:, COOPERATE]
        actions = (chance >= cooperates).astype(jnp.int32)
        rewards = reward(previous[here], actions, setting.value, setting.bonus)
        moved = previous.at[here].set(actions)
        parameters = jax.vmap(learner.step)(
            parameters, seen, actions, rewards, moved[after] * learner.stateful
        )
        return (parameters, moved), (seen, actions, rewards)

    (parameters, previous), record = jax.lax.scan(
        step, (parameters, previous), (uniform, order[:-1], order[1:])
    )
    seen, actions, rewards = (jnp.swapaxes(column, 0, 1) for column in record)
    return parameters, previous, Stretch(seen, actions, rewards)
