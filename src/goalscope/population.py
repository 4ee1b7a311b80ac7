"""Many agents at once: one pure function for each, under one outer transform."""

from collections.abc import Iterator
from typing import NamedTuple

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jaxtyping import Array, Int, Key, PyTree

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


DEFAULT = Plan()


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
    return jax.vmap(jax.random.fold_in, (None, 0))(
        jax.random.key(seed), jnp.asarray(agents)
    )


def log_spaced(updates: int, checkpoints: int) -> tuple[int, ...]:
    """Return increasing update counts from 0 to `updates`, the positive ones log-spaced.

    >>> log_spaced(100, 5)
    (0, 1, 5, 22, 100)
    """
    if updates == 0:
        return (0,)
    points = np.round(np.geomspace(updates, 1, max(checkpoints - 1, 1))).astype(int)
    return (0, *sorted({int(point) for point in points} | {updates}))


def train(
    keys: Key[Array, " N"],
    agents: AbstractAgent,
    conditions: Conditions,
    *,
    until: tuple[int, ...],
    plan: Plan = DEFAULT,
) -> Iterator[Segment]:
    """Yield a `Segment` at every count in `until`, and in between as the plan says.

    `agents` has a leading axis `N` on every array, as from `build`. The first segment is
    the untrained population (`until` begins with 0). Metrics of a count are the mean over
    the updates since the count before.
    """
    if plan.devices > len(jax.devices()):
        raise ValueError(
            f"the plan wants {plan.devices} devices and JAX has {len(jax.devices())}; on a "
            "CPU set XLA_FLAGS=--xla_force_host_platform_device_count before JAX starts"
        )
    size = keys.shape[0]
    rows = np.arange(size + -size % (plan.chunk * plan.devices)) % size
    keys, agents = population_rows((keys, agents), rows)
    keys, learners = _place(plan, (keys, _start(conditions.trainer, agents)))
    done = 0
    for target in until:
        for upto in (
            *range(done + plan.updates_per_call, target, plan.updates_per_call),
            target,
        ):
            learners, metrics = _advance_all(plan, keys, learners, conditions, (done, upto))
            done = upto
            yield Segment(done, *population_rows((learners, metrics), np.arange(size)))


@eqx.filter_jit
def _start(trainer: AbstractTrainer, agents: AbstractAgent) -> Learner:
    optimiser = eqx.filter_vmap(trainer.init)(agents)
    count = jax.tree.leaves(eqx.filter(agents, eqx.is_array))[0].shape[0]
    return Learner(agents, optimiser, jnp.full(count, -1, jnp.int32))


def _advance_all(
    plan: Plan,
    keys: Key[Array, " N"],
    learners: Learner,
    conditions: Conditions,
    span: tuple[int, int],
) -> tuple[Learner, Metrics]:
    """Return every learner after the updates of `span`; one program per static shape."""
    traced = (jnp.int32(span[0]), jnp.int32(span[1]))
    return _advance_compiled(plan, keys, learners, conditions, traced)


@eqx.filter_jit
def _advance_compiled(
    plan: Plan,
    keys: Key[Array, " N"],
    learners: Learner,
    conditions: Conditions,
    span: tuple[Int[Array, ""], Int[Array, ""]],
) -> tuple[Learner, Metrics]:
    moving, structure = eqx.partition(learners, eqx.is_array)
    rates, rules = eqx.partition(conditions, eqx.is_array)

    def share(keys, moving, rates, span):
        def one(item):
            learner, both = eqx.combine(item[1], structure), eqx.combine(rates, rules)
            learner, metrics = advance(
                item[0], learner, both.trainer, both.world, both.goal, span
            )
            return eqx.filter(learner, eqx.is_array), metrics

        return jax.lax.map(one, (keys, moving), batch_size=plan.chunk)

    if plan.devices > 1:
        split, whole = PartitionSpec("agents"), PartitionSpec()
        specs = (split, split, whole, whole)
        share = jax.shard_map(
            share, mesh=_mesh(plan), in_specs=specs, out_specs=split, check_vma=False
        )
    moving, metrics = share(keys, moving, rates, span)
    return eqx.combine(moving, structure), metrics


def _mesh(plan: Plan) -> Mesh:
    return Mesh(np.array(jax.devices()[: plan.devices]), ("agents",))


def _place(plan: Plan, tree: PyTree) -> PyTree:
    """Return the tree with its rows shared out as the compiled step returns them.

    Otherwise the second call would meet another layout than the first and compile again.
    """
    if plan.devices == 1:
        return tree
    layout = NamedSharding(_mesh(plan), PartitionSpec("agents"))
    arrays, rest = eqx.partition(tree, eqx.is_array)
    return eqx.combine(jax.device_put(arrays, layout), rest)


def population_rows(tree: PyTree, rows: Int[np.ndarray, " M"]) -> PyTree:
    """Return the tree with these rows of every array."""
    return jax.tree.map(lambda leaf: leaf[rows] if eqx.is_array(leaf) else leaf, tree)
