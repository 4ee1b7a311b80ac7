"""Many agents at once: each is trained by the same pure function, under one outer transform."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jax.sharding import Mesh, PartitionSpec
from jaxtyping import Array, Float, Int, Key, PyTree

from goalscope.agents.base import AbstractAgent, AgentFactory
from goalscope.goals import Goal
from goalscope.training.base import AbstractTrainer, Learner, Metrics, advance
from goalscope.worlds.base import AbstractWorld


class Plan(NamedTuple):
    """How a population is laid out on the machine; it decides speed, and bits by `chunk`.

    Fields:
        chunk: agents in one `vmap`; a population is padded to a multiple of
            `devices * chunk`. On CPU the same chunk gives the same bits, whatever the
            number of agents, devices or processes.
        devices: devices that share the chunks.
        updates_per_call: at most this many updates between two looks at the training.
    """

    chunk: int = 8
    devices: int = 1
    updates_per_call: int = 100


class Conditions(NamedTuple):
    """What one population is trained under. Every array may differ between arms."""

    trainer: AbstractTrainer
    world: AbstractWorld
    goal: Goal


class Segment(NamedTuple):
    """What training returned after some updates.

    Fields:
        updates: updates done so far.
        learners: every agent's state, leading axis `N`.
        metrics: mean of each metric over the segment, `[N]`.
    """

    updates: int
    learners: Learner
    metrics: Metrics


def build(
    seed: int, agents: Int[np.ndarray, " N"], make: AgentFactory, world: AbstractWorld
) -> AbstractAgent:
    """Return untrained agents with a leading axis `N`, built on the host.

    Agent `i` is drawn from `np.random.default_rng([seed, i])`, so that it is the same agent
    in any population.
    """
    each = [make(np.random.default_rng([seed, int(agent)]), world) for agent in agents]
    arrays = [eqx.filter(agent, eqx.is_array) for agent in each]
    stacked = jax.tree.map(lambda *leaves: jnp.asarray(np.stack(leaves)), *arrays)
    return eqx.combine(stacked, eqx.filter(each[0], eqx.is_array, inverse=True))


def agent_keys(seed: int, agents: Int[np.ndarray, " N"]) -> Key[Array, " N"]:
    """Return the key of each agent: `fold_in(key(seed), agent)`."""
    return jax.vmap(jax.random.fold_in, (None, 0))(jax.random.key(seed), jnp.asarray(agents))


def log_spaced(updates: int, checkpoints: int) -> tuple[int, ...]:
    """Return increasing update counts from 0 to `updates`, the positive ones log-spaced.

    >>> log_spaced(100, 5)
    (0, 1, 5, 22, 100)
    """
    if updates == 0:
        return (0,)
    points = np.round(np.geomspace(1, updates, max(checkpoints - 1, 1))).astype(int)
    return (0, *sorted({int(point) for point in points} | {updates}))


def train(
    keys: Key[Array, " N"],
    agents: AbstractAgent,
    conditions: Conditions,
    *,
    until: tuple[int, ...],
    plan: Plan = Plan(),
) -> Iterator[Segment]:
    """Yield a `Segment` at every count in `until`, and in between as the plan says.

    `agents` has a leading axis `N` on every array, as from `build`. The first segment is
    the untrained population (`until` begins with 0). Metrics of a count are the mean over
    the updates since the count before.
    """
    size = keys.shape[0]
    padding = -size % (plan.chunk * plan.devices)
    keys, agents = _pad((keys, agents), padding)
    learners = _start(conditions.trainer, agents)
    advance_all = _compiled(plan)
    done = 0
    for target in until:
        while True:
            upto = min(target, done + plan.updates_per_call)
            learners, metrics = advance_all(keys, learners, conditions, (done, upto))
            done = upto
            yield Segment(done, *_cut((learners, metrics), size))
            if done == target:
                break


@partial(eqx.filter_jit)
def _start(trainer: AbstractTrainer, agents: AbstractAgent) -> Learner:
    optimiser = eqx.filter_vmap(trainer.init)(agents)
    count = jax.tree.leaves(eqx.filter(agents, eqx.is_array))[0].shape[0]
    return Learner(agents, optimiser, jnp.full(count, -1, jnp.int32))


def _compiled(plan: Plan) -> Callable:
    """Return the compiled step of a whole population; one program per static shape."""
    return partial(_advance_population, plan)


@eqx.filter_jit
def _advance_population(plan, keys, learners, conditions, span):
    arrays, static = eqx.partition(learners, eqx.is_array)
    span = (jnp.asarray(span[0], jnp.int32), jnp.asarray(span[1], jnp.int32))

    def one(inputs, conditions, span):
        key, arrays = inputs
        learner = eqx.combine(arrays, static)
        learner, metrics = advance(key, learner, *conditions, span)
        return eqx.filter(learner, eqx.is_array), metrics

    def chunks(inputs, conditions_arrays, span):
        conditions = eqx.combine(conditions_arrays, conditions_static)
        return jax.lax.map(
            lambda item: one(item, conditions, span), inputs, batch_size=plan.chunk
        )

    conditions_arrays, conditions_static = eqx.partition(conditions, eqx.is_array)
    if plan.devices > 1:
        mesh = Mesh(np.array(jax.devices()[: plan.devices]), ("agents",))
        shared, split = PartitionSpec(), PartitionSpec("agents")
        chunks = jax.shard_map(
            chunks, mesh=mesh, in_specs=(split, shared, shared), out_specs=split
        )
    arrays, metrics = chunks((keys, arrays), conditions_arrays, span)
    return eqx.combine(arrays, static), metrics
