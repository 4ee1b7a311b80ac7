"""Cases: populations in training, ours beside the naive way to write the same."""

import itertools
from collections.abc import Callable

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp

from benchmarks import naive
from benchmarks.timing import Case
from goalscope.agents.base import Build
from goalscope.agents.mlp import MLP
from goalscope.goals import reach
from goalscope.population import Conditions, Plan, agent_keys, build, train
from goalscope.training.base import AbstractTrainer
from goalscope.training.exact import ExactPolicyGradient
from goalscope.training.ppo import PPO
from goalscope.worlds.base import AbstractWorld

WIDTHS = (32, 32)
STANDARD = PPO(num_environments=16, num_steps=64, num_epochs=4, num_minibatches=4)
ONE_PASS = PPO(num_environments=16, num_steps=64, num_epochs=1, num_minibatches=4)
EXACT = ExactPolicyGradient()


def ppo_case(
    name: str, world: AbstractWorld, size: int, plan: Plan, *, ppo: PPO = STANDARD
) -> Case:
    """Return the case of `size` agents under `plan`."""
    updates = max(2, 256 // size)
    return Case(
        name,
        f"{type(world).__name__} x {ppo.num_epochs}",
        "agent-environment-steps",
        size * updates * ppo.steps_per_update,
        lambda: advancing(world, size, plan, ppo, updates),
        details(world, size) | {"plan": plan._asdict(), "epochs": ppo.num_epochs},
        flops(world, ppo),
    )


def naive_case(name: str, world: AbstractWorld, size: int, *, ppo: PPO = STANDARD) -> Case:
    """Return the case of the same agents and work, written the usual way."""
    updates = max(1, 64 // size)
    return Case(
        name,
        f"{type(world).__name__} x {ppo.num_epochs}",
        "agent-environment-steps",
        size * updates * ppo.steps_per_update,
        lambda: naively(world, size, ppo, updates),
        details(world, size) | {"plan": "vmap", "epochs": ppo.num_epochs},
        flops(world, ppo),
    )


def exact_case(name: str, world: AbstractWorld, size: int, plan: Plan) -> Case:
    """Return the case of the exact policy gradient; it counts updates of agents."""
    updates = 8
    return Case(
        name,
        "exact",
        "agent-updates",
        size * updates,
        lambda: advancing(world, size, plan, EXACT, updates),
        details(world, size) | {"plan": plan._asdict(), "levels": EXACT.num_levels},
    )


def advancing(
    world: AbstractWorld, size: int, plan: Plan, trainer: AbstractTrainer, updates: int
) -> Callable[[], object]:
    """Return the call that trains on where it stopped, by `updates`."""
    numbers = np.arange(size)
    agents = build(0, numbers, Build(MLP, {"widths": WIDTHS}), world)
    conditions = Conditions(trainer, world, reach(world, world.feature_names[0]))
    plan = plan._replace(updates_per_call=updates)
    until = (0, 10_000 * updates)
    segments = train(agent_keys(0, numbers), agents, conditions, until=until, plan=plan)
    next(segments)
    return lambda: jax.block_until_ready(next(segments).metrics)


def naively(
    world: AbstractWorld, size: int, ppo: PPO, updates: int
) -> Callable[[], object]:
    """Return the call that trains the naive population on, by `updates`."""
    goal = reach(world, world.feature_names[0])
    start, advance = naive.make_population(world, goal, ppo, updates)
    each = [naive.init(np.random.default_rng([0, i]), world, WIDTHS) for i in range(size)]
    params = jax.tree.map(lambda *leaves: jnp.stack(leaves), *each)
    carry = [params, start(params), jax.random.key(0)]

    def call() -> object:
        params, optimiser, key = carry
        key, k_call = jax.random.split(key)
        keys = jax.random.split(k_call, size)
        params, optimiser, rewards = advance(keys, params, optimiser)
        carry[:] = params, optimiser, key
        return jax.block_until_ready(rewards)

    return call


def details(world: AbstractWorld, size: int) -> dict[str, object]:
    """Return what a record says about the population."""
    agent = MLP.init(np.random.default_rng(0), world, widths=WIDTHS)
    leaves = jax.tree.leaves(eqx.filter(agent, eqx.is_array))
    count = sum(leaf.size for leaf in leaves)
    return {"agents": size, "parameters": count, "world": type(world).__name__}


def flops(world: AbstractWorld, ppo: PPO) -> float:
    """Return the arithmetic that one step needs: `f (1 + 3 E)` plus the level part.

    `f` is the forward pass behind the first layer, whose token part is a table. The level
    part is multiplied forwards and backwards once a minibatch and environment.
    """
    sizes = (*WIDTHS, world.num_actions + 1)
    forward = 2 * sum(a * b for a, b in itertools.pairwise(sizes))
    level = 4 * int(np.prod(world.level_shape)) * WIDTHS[0]
    minibatches = ppo.num_epochs * ppo.num_minibatches
    return forward * (1 + 3 * ppo.num_epochs) + level * minibatches / ppo.num_steps
