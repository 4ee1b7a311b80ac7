"""Cases: steps of worlds alone, with random actions and without any learning."""

from collections.abc import Callable

import jax
from jax import numpy as jnp
from jaxtyping import Array

from benchmarks.timing import Case
from goalscope.worlds.base import AbstractWorld

NUM_STEPS = 128


def case(name: str, world: AbstractWorld, batch: int) -> Case:
    """Return the case of `batch` environments that restart on the same level."""
    repeats = max(1, 4096 * 8 // batch)
    amount = repeats * NUM_STEPS * batch
    details = {"environments": batch, "steps": NUM_STEPS}
    return Case(
        f"{name}, {batch} environments",
        "world",
        "environment-steps",
        amount,
        lambda: stepper(world, batch, repeats),
        details,
    )


def stepper(world: AbstractWorld, batch: int, repeats: int) -> Callable[[], Array]:
    """Return the call that steps all environments and adds up what happened."""
    levels = jax.jit(jax.vmap(world.sample_level))(
        jax.random.split(jax.random.key(0), batch)
    )

    def step(level, start, state, draw):
        action, key = draw
        successor = world.step(key, level, state, action)
        features = world.features(level, state, action, successor)
        over = world.terminal(level, successor)
        seen = world.observe_state(level, successor)
        state = jax.tree.map(lambda a, b: jnp.where(over, a, b), start, successor)
        return state, jnp.sum(features) + jnp.sum(seen)

    def rollout(key, levels):
        k_act, k_env = jax.random.split(key)
        shape = (NUM_STEPS, batch)
        actions = jax.random.randint(k_act, shape, 0, world.num_actions)
        draws = (actions, jax.random.split(k_env, shape))
        starts = jax.vmap(world.reset)(levels)
        each = jax.vmap(step)
        scan = jax.lax.scan(lambda s, d: each(levels, starts, s, d), starts, draws)
        return jnp.sum(scan[1])

    def many(levels):
        def body(index, total):
            return total + rollout(jax.random.fold_in(jax.random.key(1), index), levels)

        return jax.lax.fori_loop(0, repeats, body, jnp.zeros(()))

    compiled = jax.jit(many).lower(levels).compile()
    return lambda: jax.block_until_ready(compiled(levels))
