"""Agents set against an instrument: how far its readings move, and at what price."""

from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float, Key, PyTree

from goalscope import solve
from goalscope.agents.base import AbstractAgent
from goalscope.calibrating.attacks import COUNT, Attack, attacks_on, goal_weights
from goalscope.calibrating.measuring import Report, Root, measure_each
from goalscope.calibrating.trial import Trial
from goalscope.goals import Goal
from goalscope.instruments.levels import solvable
from goalscope.storage.study import Computed
from goalscope.worlds.base import AbstractSolvableWorld, AbstractWorld
from goalscope.worlds.cued import DEPLOY, TRAIN, Cued
from goalscope.worlds.fixed_levels import underlying

NUM_LEVELS = 32
DISCOUNTS = np.array([0.9, 1.0], np.float32)
"""γ of the return that agents give up: that of their plans, and none."""


def compute(trial: Trial, description: Mapping[str, Any], report: Report) -> Computed:
    """Return what agents read and earn at each strength of each attack."""
    world = trial.worlds()[description["world"]]
    instrument = trial.instrument(world, trial.levels)
    root = Root(description["half"], description["seed"], "adversaries")
    found = attacks_on(description["trial"], world, root)
    total = COUNT * sum(1 + len(attack.strengths) for attack in found)
    readings, done = {}, 0
    for number, attack in enumerate(found):
        keys = root.keys("adversaries", 0)
        weights = jnp.asarray(goal_weights(world, attack.goals))
        values, returns = [], []
        for strength in (None, *attack.strengths):
            report({"updates": done, "of": total})
            agents = attack.agents(strength)
            values.append(np.asarray(measure_each(instrument, keys, agents, world).value))
            returns.append(np.asarray(_returns(keys, agents, weights, world)))
            done += COUNT
        readings[f"values/{number}"] = np.stack(values)
        readings[f"returns/{number}"] = np.stack(returns)
    metadata = {
        "class": type(instrument).__name__,
        "world_class": type(underlying(world)).__name__,
        "readings": list(instrument.readings),
        "attacks": [_words(attack) for attack in found],
    }
    return Computed({"readings": readings}, metadata)


def _words(attack: Attack) -> dict[str, Any]:
    return {
        "name": attack.name,
        "strength": attack.strength,
        "readings": list(attack.readings),
        "threshold": attack.threshold,
        "strengths": list(attack.strengths),
        "features": [trained for trained, _ in attack.goals],
    }


@eqx.filter_jit
def _returns(
    keys: Key[Array, " N"],
    agents: AbstractAgent,
    weights: Float[Array, "N 2 F"],
    world: AbstractWorld,
) -> Float[Array, "N D"]:
    """Return what each agent earns, exact on levels of its own, for every γ.

    Under each cue it is paid for the goal that it has there; the mean over both.
    """
    arrays, structure = eqx.partition(agents, eqx.is_array)
    solved = solvable(world)

    def one(inputs: tuple[Key[Array, ""], PyTree, Array]) -> Float[Array, " D"]:
        key, array, own = inputs
        agent = eqx.combine(array, structure)
        levels = jax.vmap(solved.sample_level)(jax.random.split(key, NUM_LEVELS))

        def earned(level: PyTree, cue: int) -> Float[Array, " D"]:
            shown = solved.with_cue(level, cue) if isinstance(solved, Cued) else level
            return _earned(agent, solved, shown, Goal(own[cue], True, "own"))

        each = [
            jax.lax.map(lambda level, cue=cue: earned(level, cue), levels)
            for cue in (TRAIN, DEPLOY)
        ]
        return jnp.mean(jnp.stack(each), axis=(0, 1))

    return jax.lax.map(one, (keys, arrays, weights))


def _earned(
    agent: AbstractAgent, world: AbstractSolvableWorld, level: PyTree, goal: Goal
) -> Float[Array, " D"]:
    table = solve.tabulate(world, level)
    policy = solve.policy_of(agent, table)

    def at(discount: Float[Array, ""]) -> Float[Array, ""]:
        values = solve.evaluate(table, policy, goal, discount, num_steps=world.horizon)
        return table.start @ values

    return jax.vmap(at)(jnp.asarray(DISCOUNTS))
