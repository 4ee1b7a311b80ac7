"""What a training objective does to named parameters, level by level, exactly."""

from collections.abc import Callable
from typing import Literal

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jax.flatten_util import ravel_pytree
from jaxtyping import Array, Float, Key, PyTree

from goalscope import solve
from goalscope.agents.base import AbstractAgent
from goalscope.goals import Goal
from goalscope.parameter_groups import ParameterGroup, split_group, tangential

PARTS = ("goal", "capability", "placebo")
NUM_PLACEBO = 4

Parts = dict[str, PyTree]
Optimiser = Literal["sgd", "adam"]


def take_apart(
    agent: AbstractAgent, goal: ParameterGroup, capability: ParameterGroup
) -> tuple[Parts, Callable[[Parts], AbstractAgent]]:
    """Return goal, capability and a placebo, and what puts an agent together from them.

    The placebo is a group of parameters that nothing reads.
    """
    chosen, rest = split_group(agent, goal)
    skilled, rest = split_group(rest, capability)
    if not jax.tree.leaves(skilled):
        raise ValueError(
            f"all parameters of {capability.name!r} belong to {goal.name!r} as well; "
            "groups that are compared share none"
        )
    placebo = jnp.ones(NUM_PLACEBO)
    parts = {"goal": chosen, "capability": skilled, "placebo": placebo}
    return parts, lambda parts: eqx.combine(parts["goal"], parts["capability"], rest)


def expected_return(
    agent: AbstractAgent,
    table: solve.Table,
    goal: Goal,
    discount: Float[Array, ""],
    *,
    num_steps: int,
) -> Float[Array, ""]:
    """Return the exact expected return of a memoryless agent from the start of a level."""
    policy = solve.policy_of(agent, table)
    values = solve.evaluate(table, policy, goal, discount, num_steps=num_steps)
    return jnp.sum(table.start * values)


def flat_gradients(
    parts: Parts,
    earned: Callable[[Parts, solve.Table, Goal], Float[Array, ""]],
    tables: solve.Table,
    goals: Goal,
) -> tuple[Float[Array, " L"], dict[str, Float[Array, "L _"]]]:
    """Return the return of each level under its own goal, and its gradient on each part.

    The gradient on the goal is without its part along the goal itself, which would only
    say how consistently the agent pursues it.
    """

    def one(table: solve.Table, goal: Goal):
        value, gradient = jax.value_and_grad(earned)(parts, table, goal)
        gradient["goal"] = tangential(gradient["goal"], parts["goal"])
        return value, {name: ravel_pytree(gradient[name])[0] for name in PARTS}

    return jax.vmap(one)(tables, goals)


def step_along(
    gradients: dict[str, Float[Array, "L _"]], parts: Parts, *, optimiser: Optimiser
) -> Parts:
    """Return the direction of the first step of an optimiser, as a tree like `parts`.

    SGD steps along the mean gradient; the first step of Adam has the same size in every
    parameter whose gradient is not exactly 0.
    """
    directions = {}
    for name, rows in gradients.items():
        mean = jnp.mean(rows, axis=0)
        direction = jnp.sign(mean) if optimiser == "adam" else mean
        directions[name] = ravel_pytree(parts[name])[1](direction)
    return directions


class Changes(eqx.Module):
    """What a small step does to behaviour on each level.

    Fields:
        moved: divergence `KL(π_θ ‖ π_{θ + hΔ}) / h²` for small `h`, mean over visits, for a
            step of goal, capability, placebo alone, and of all of them, `[L, 4]`.
        fisher: `E ‖∇ log π‖²` on goal, capability and placebo, one random draw, `[L, 3]`.
    """

    moved: Float[Array, "*b 4"]
    fisher: Float[Array, "*b 3"]


def behaviour_changes(
    keys: Key[Array, " L"],
    parts: Parts,
    build: Callable[[Parts], AbstractAgent],
    tables: solve.Table,
    goal: Goal,
    step: Parts,
    num_steps: int,
) -> Changes:
    """Return how behaviour changes with a step, and with each part. Consumes `keys`."""
    directions = [
        jax.tree.map(lambda leaf, on=on: leaf * on, step[name])
        for name, row in zip(PARTS, np.eye(len(PARTS), dtype=np.float32), strict=True)
        for on in row
    ]
    count = len(PARTS)
    alone = {
        name: jax.tree.map(
            lambda *leaves: jnp.stack(leaves), *directions[i * count : (i + 1) * count]
        )
        for i, name in enumerate(PARTS)
    }

    def one(key: Key[Array, ""], table: solve.Table) -> Changes:
        def log_policy(parts: Parts) -> Float[Array, "S A"]:
            return jnp.log(jnp.maximum(solve.policy_of(build(parts), table), 1e-12))

        logs, push = jax.linearize(log_policy, parts)
        policy = jnp.exp(logs)
        visits = solve.occupancy(table, policy, goal, 1.0, num_steps=num_steps)
        shares = (visits / jnp.maximum(jnp.sum(visits), 1e-8))[:, None] * policy
        slopes = jax.vmap(push)(alone)
        slopes = jnp.concatenate([slopes, jnp.sum(slopes, axis=0, keepdims=True)])
        probe = jax.random.rademacher(key, shares.shape, shares.dtype)
        (pulled,) = jax.linear_transpose(push, parts)(probe * jnp.sqrt(shares))
        fisher = [jnp.sum(ravel_pytree(pulled[name])[0] ** 2) for name in PARTS]
        return Changes(
            jnp.sum(shares[None] * slopes**2, axis=(1, 2)) / 2, jnp.stack(fisher)
        )

    return jax.vmap(one)(keys, tables)


def exchanged(key: Key[Array, ""], tree: PyTree) -> PyTree:
    """Return the tree with the entries of every array moved on by a random number.

    An array of one entry stays as it is. Consumes `key`.
    """

    def moved_on(leaf: Array) -> Array:
        if leaf.size < 2:
            return leaf
        shift = jax.random.randint(key, (), 1, leaf.size)
        return jnp.roll(jnp.ravel(leaf), shift).reshape(leaf.shape)

    return jax.tree.map(moved_on, tree)
