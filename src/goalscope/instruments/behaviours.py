"""Where an agent goes on a sheet of levels, written out for models to explain."""

import equinox as eqx
import jax
from jax import numpy as jnp
from jaxtyping import Array, Float, Key

from goalscope import solve
from goalscope.agents.base import AbstractAgent, is_memoryless
from goalscope.goals import Goal
from goalscope.instruments.levels import Sheet
from goalscope.rollout import rollout
from goalscope.tabular.attribution import Behaviour
from goalscope.tabular.process import DeterministicProcess, side_by_side
from goalscope.tabular.soft import occupancy
from goalscope.worlds.base import AbstractSolvableWorld, Level, State

TOLERANCE = 1e-4


class Watched(eqx.Module):
    """Behaviour until one of the goals has paid, and the same for each goal alone.

    Fields:
        until_any: with the events of the world, and places: token 0 of the observation.
        process: the same levels; episodes of goal `g` end where it can no longer pay.
        flows: discounted occupancy until then, `[N, A, G]`.
        utilities: what each transition pays each goal, `[N, A, G]`.
    """

    until_any: Behaviour
    process: DeterministicProcess
    flows: Float[Array, "N A G"]
    utilities: Float[Array, "N A G"]


def watch(
    key: Key[Array, ""],
    agent: AbstractAgent,
    world: AbstractSolvableWorld[Level, State],
    sheet: Sheet[Level],
    goals: Goal,
    *,
    discount: Float[Array, ""],
) -> Watched:
    """Return the behaviour of `agent` on `sheet`, up to what the stacked `goals` pay for.

    Exact for agents without memory, over the starts that the levels could have had. Agents
    with memory play one episode a level, from its start. Consumes `key`.
    """
    tables = sheet.tables
    each_level = jax.vmap(jax.vmap(solve.payments, (None, 0)), (0, None))
    utilities, going = (jnp.moveaxis(x, 1, -1) for x in each_level(tables, goals))
    going = jnp.append(going, jnp.prod(going, axis=-1, keepdims=True), axis=-1)
    if is_memoryless(agent):
        start = jnp.where(tables.terminal, 0.0, tables.start)
        process = side_by_side(start, tables.successors, going)
        policies = jax.vmap(solve.policy_of, (None, 0))(agent, tables)
        flat = policies.reshape(-1, world.num_actions, 1)
        policy = jnp.broadcast_to(flat, process.going.shape)
        present = occupancy(process, policy, discount, tolerance=TOLERANCE)
        flows = present[:, None] * policy
    else:
        start, played = _play(key, agent, world, sheet, goals, discount)
        process = side_by_side(start, tables.successors, going)
        flows = played.reshape(process.going.shape)
    alone = DeterministicProcess(process.start, process.successors, process.going[..., :-1])
    here = tables.tokens[..., 0].reshape(-1)
    until_any = Behaviour(
        process=DeterministicProcess(
            process.start, process.successors, process.going[..., -1]
        ),
        flow=flows[..., -1],
        events=tables.features.reshape(*flows.shape[:2], -1),
        places=here[process.successors],
        here=here,
        num_levels=tables.start.shape[0],
        num_places=world.token_sizes[0],
    )
    worth = utilities.reshape(*flows.shape[:2], -1)
    return Watched(until_any, alone, flows[..., :-1], worth)


def _play(
    key: Key[Array, ""],
    agent: AbstractAgent,
    world: AbstractSolvableWorld[Level, State],
    sheet: Sheet[Level],
    goals: Goal,
    discount: Float[Array, ""],
) -> tuple[Float[Array, "L S"], Float[Array, "L S A H"]]:
    """Return where an episode a level starts, and its flow until each goal and any pays."""

    def one(key, level):
        episode = rollout(key, agent, world, level)
        states = jax.vmap(world.index_of, (None, 0))(level, episode.states)
        rewards = jax.vmap(Goal.reward, (0, None), out_axes=-1)(goals, episode.features)
        pays = goals.once[None] & (rewards != 0)
        before = jnp.cumsum(pays, axis=0) - pays
        still = before == 0
        still = jnp.append(still, jnp.all(still, axis=-1, keepdims=True), axis=-1)
        weight = discount ** jnp.arange(world.horizon) * episode.happened
        empty = jnp.zeros((world.num_states, world.num_actions, still.shape[-1]))
        flow = empty.at[states, episode.actions].add(weight[:, None] * still)
        start = jnp.zeros(world.num_states).at[states[0]].add(weight[0])
        return start, flow

    num_levels = sheet.tables.start.shape[0]
    return jax.vmap(one)(jax.random.split(key, num_levels), sheet.levels)
