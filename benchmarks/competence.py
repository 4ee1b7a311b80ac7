"""How long until an agent is competent: the exact gradient beside PPO, same network.

An agent is competent when its expected return on fresh training levels is at least 0.9 of
the optimal one. Only training counts, in CPU seconds of one agent: those of the population
divided by its size. Compiling does not count.
"""

import time
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float

from goalscope import solve
from goalscope.agents.base import AbstractAgent, Build
from goalscope.agents.mlp import MLP
from goalscope.goals import Goal, reach
from goalscope.population import Conditions, Plan, agent_keys, build, train
from goalscope.training.base import AbstractTrainer
from goalscope.training.exact import ExactPolicyGradient
from goalscope.training.ppo import PPO
from goalscope.worlds.base import AbstractSolvableWorld
from goalscope.worlds.corner import Corner

THRESHOLD = 0.9
NETWORK = Build(MLP, {"widths": (64, 64), "activation": "relu"})
RULES: dict[str, tuple[AbstractTrainer, int, int]] = {
    "exact": (
        ExactPolicyGradient(learning_rate=5e-3, discount=0.99, entropy=0.05, num_levels=16),
        600,
        10,
    ),
    "PPO": (
        PPO(
            learning_rate=5e-3,
            discount=0.99,
            entropy=0.1,
            num_environments=64,
            num_epochs=2,
        ),
        400,
        5,
    ),
}


def measure(num_agents: int = 8) -> list[dict[str, Any]]:
    """Return one record a rule: CPU seconds to competence of each agent."""
    world = Corner()
    return [curve(name, world, *rule, num_agents) for name, rule in RULES.items()]


def curve(
    name: str,
    world: AbstractSolvableWorld,
    trainer: AbstractTrainer,
    updates: int,
    period: int,
    num_agents: int,
) -> dict[str, Any]:
    """Return the record of one rule, trained for at most `updates`."""
    goal, numbers = reach(world, "cheese"), np.arange(num_agents)
    agents = build(0, numbers, NETWORK, world)
    until = tuple(range(0, updates + 1, period))
    plan = Plan(chunk=num_agents, updates_per_call=period)
    conditions = Conditions(trainer, world, goal)
    segments = train(agent_keys(0, numbers), agents, conditions, until=until, plan=plan)
    jax.block_until_ready(next(segments).metrics)
    spent, needed = 0.0, np.full(num_agents, np.nan)
    done, scores = 0, np.zeros(num_agents)
    while np.isnan(needed).any() and done < updates:
        before = time.process_time()
        segment = jax.block_until_ready(next(segments))
        spent += time.process_time() - before
        done = segment.updates
        scores = np.asarray(score(segment.learners.agent, world, goal))
        needed[np.isnan(needed) & (scores >= THRESHOLD)] = spent / num_agents
    low, middle, high = quartiles(needed)
    return {
        "case": f"time to competence, {name}",
        "group": "competence",
        "unit": "CPU-s per agent",
        "threshold": THRESHOLD,
        "cpu_s": [None if np.isnan(x) else float(x) for x in needed],
        "quartiles": [low, middle, high],
        "competent": int(np.sum(~np.isnan(needed))),
        "agents": num_agents,
        "updates": done,
        "steps_per_agent": done * trainer.steps_per_update,
        "mean_score": float(scores.mean()),
    }


def quartiles(values: Float[np.ndarray, " N"]) -> list[float]:
    """Return the quartiles of those that got there; NaN if none did."""
    if np.isnan(values).all():
        return [float("nan")] * 3
    return [float(x) for x in np.nanquantile(values, (0.25, 0.5, 0.75))]


@eqx.filter_jit
def score(
    agents: AbstractAgent, world: AbstractSolvableWorld, goal: Goal
) -> Float[Array, " N"]:
    """Return each agent's share of the optimal return on 128 levels."""
    arrays, static = eqx.partition(agents, eqx.is_array)
    keys = jax.random.split(jax.random.key(999), 128)
    make = jax.vmap(lambda key: solve.tabulate(world, world.sample_level(key)))
    tables = make(keys)

    def expected(table, values):
        return table.start @ values

    def best(table):
        return expected(
            table, solve.optimal_values(table, goal, 1.0, num_steps=world.horizon)
        )

    def one(arrays):
        agent = eqx.combine(arrays, static)

        def achieved(table):
            policy = solve.policy_of(agent, table)
            values = solve.evaluate(table, policy, goal, 1.0, num_steps=world.horizon)
            return expected(table, values)

        return jnp.mean(jax.vmap(achieved)(tables))

    return jax.lax.map(one, arrays) / jnp.mean(jax.vmap(best)(tables))
