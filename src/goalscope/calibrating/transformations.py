"""What must leave a reading unchanged: the same world, goal or agent, written otherwise."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array

from goalscope.agents.base import AbstractAgent
from goalscope.agents.compiled import CompiledTable
from goalscope.agents.goal_conditioned import GoalConditioned
from goalscope.agents.leaky import LeakyGoal
from goalscope.agents.mlp import MLP
from goalscope.agents.one_of import OneOf
from goalscope.agents.reduced_rank import ReducedRankPolicy
from goalscope.agents.shaped import Shaped
from goalscope.calibrating.rewritten import Turned
from goalscope.calibrating.symmetries import Symmetry
from goalscope.goals import Goal
from goalscope.instruments.base import AbstractInstrument

UNIT, STRETCH, BUMP = 3.0, 3.0, 0.3
"""Factor of rewards, factor of layers, size of potentials in units of reward."""

OWN_UNITS = ("GoalKind", "RepresentedGoal")
"""Instruments whose β are fixed, or that tell agents goals: units matter to these."""

Edit = Callable[[np.random.Generator, AbstractAgent], AbstractAgent]


class Rewriting(NamedTuple):
    """Other weights, or other words, of agents that do what they did before.

    Fields:
        name: what is done.
        part: to which agents.
        edit: returns a stacked population that was rewritten; advances its generator.
    """

    name: str
    part: str
    edit: Edit


def rewritings(parts: Mapping[str, type[AbstractAgent]]) -> Iterator[Rewriting]:
    """Yield every rewriting that applies to agents of these classes."""
    of_classes: dict[type, tuple[tuple[str, Edit], ...]] = {
        Shaped: (("the reward is shaped and scaled", reshaped),),
        MLP: (("hidden units are permuted", permuted), ("layers are rescaled", rescaled)),
        CompiledTable: (("rows of the table are permuted", shuffled),),
        GoalConditioned: (
            ("units are permuted", permuted),
            ("units are rescaled", rescaled),
        ),
        ReducedRankPolicy: (
            ("units are permuted", permuted),
            ("layers are rescaled", rescaled),
        ),
        LeakyGoal: (("units are permuted", permuted),),
    }
    for part, kind in parts.items():
        for name, edit in of_classes.get(kind, ()):
            yield Rewriting(name, part, edit)


def in_other_units(instrument: AbstractInstrument) -> AbstractInstrument | None:
    """Return the instrument with every goal in other units, None if it has no such copy.

    What it says of goals per unit of return (a grid of β, the width of a prior) is in the
    new units too.
    """
    fields = {field.name for field in dataclasses.fields(instrument)}
    per_unit = [n for n in ("inverse_temperatures", "prior_sd") if n in fields]

    def bigger(leaf: Any) -> Any:
        if not _is_goal(leaf):
            return leaf
        return Goal(leaf.weights * UNIT, leaf.once, leaf.name)

    goals = [
        leaf for leaf in jax.tree.leaves(instrument, is_leaf=_is_goal) if _is_goal(leaf)
    ]
    if not goals or type(instrument).__name__ in OWN_UNITS:
        return None
    changed = jax.tree.map(bigger, instrument, is_leaf=_is_goal)
    for name in per_unit:
        new = getattr(changed, name) / UNIT
        changed = eqx.tree_at(lambda each, n=name: getattr(each, n), changed, new)
    return changed


def _is_goal(leaf: Any) -> bool:
    return isinstance(leaf, Goal)


def turned_agents(agents: AbstractAgent, turns: list[Symmetry]) -> AbstractAgent:
    """Return agents that do in turned levels what they did, each with a turn of its own."""
    cells = jnp.asarray(np.stack([turn.cells for turn in turns]))
    actions = jnp.asarray(np.stack([turn.actions for turn in turns]))
    if not isinstance(agents, Turned):
        return agents
    return eqx.tree_at(lambda a: (a.cells, a.actions), agents, (cells, actions))


def _edit_inside(change: Callable[[Any], Any], kind: type, agents: Any) -> Any:
    """Return agents with `change` made to those of a class, wherever they stand."""
    if isinstance(agents, kind):
        return change(agents)
    if isinstance(agents, Turned):
        inner = _edit_inside(change, kind, agents.agent)
        return eqx.tree_at(lambda a: a.agent, agents, inner)
    if isinstance(agents, OneOf):
        inner = tuple(_edit_inside(change, kind, each) for each in agents.agents)
        return eqx.tree_at(lambda a: a.agents, agents, inner)
    return agents


def _for_each(change: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return `change` of one agent as a change of a population, made on the host."""

    def changed(agents: Any) -> Any:
        arrays, rest = eqx.partition(agents, eqx.is_array)
        count = jax.tree.leaves(arrays)[0].shape[0]
        host = jax.tree.map(np.asarray, arrays)
        each = [
            change(
                eqx.combine(jax.tree.map(lambda leaf, i=i: np.asarray(leaf[i]), host), rest)
            )
            for i in range(count)
        ]
        new = [eqx.filter(agent, eqx.is_array) for agent in each]
        stacked = jax.tree.map(lambda *leaves: jnp.asarray(np.stack(leaves)), *new)
        return eqx.combine(stacked, rest)

    return changed


def reshaped(rng: np.random.Generator, agents: AbstractAgent) -> AbstractAgent:
    """Return planners for `c r` plus potential shaping at `β / c`: they do the same."""

    def change(agent: Shaped) -> Shaped:
        potential = UNIT * BUMP * rng.normal(size=agent.potential.shape)
        planner = agent.planner
        return eqx.tree_at(
            lambda a: (a.planner.goal.weights, a.planner.inverse_temperature, a.potential),
            agent,
            (
                planner.goal.weights * np.float32(UNIT),
                planner.inverse_temperature / np.float32(UNIT),
                potential.astype(np.float32),
            ),
        )

    return _edit_inside(_for_each(change), Shaped, agents)


def shuffled(rng: np.random.Generator, agents: AbstractAgent) -> AbstractAgent:
    """Return tables with the states of each level in another order.

    Levels stay: of two that look equally like a new one, a table takes the first.
    """

    def change(table: CompiledTable) -> CompiledTable:
        states = rng.permutation(table.tokens.shape[1])
        rows = (table.tokens, table.log_policy, table.values)
        return CompiledTable(table.views, *(leaf[:, states] for leaf in rows))

    return _edit_inside(_for_each(change), CompiledTable, agents)


def permuted(rng: np.random.Generator, agents: AbstractAgent) -> AbstractAgent:
    """Return networks with their hidden units in another order."""
    changes = {
        MLP: _permuted_perceptron,
        GoalConditioned: _permuted_site,
        ReducedRankPolicy: _permuted_layers,
        LeakyGoal: _permuted_slot,
    }
    for kind, change in changes.items():
        with_rng = _for_each(lambda agent, change=change: change(rng, agent))
        agents = _edit_inside(with_rng, kind, agents)
    return agents


def _permuted_perceptron(rng: np.random.Generator, agent: MLP) -> MLP:
    widths = [agent.level.bias.shape[0], *(layer.bias.shape[0] for layer in agent.hidden)]
    orders = [rng.permutation(width) for width in widths]
    level, first = agent.level, orders[0]
    agent = eqx.tree_at(
        lambda a: (a.level.weight, a.level.bias, a.tokens.tables),
        agent,
        (
            level.weight[:, first],
            level.bias[first],
            tuple(table[:, first] for table in agent.tokens.tables),
        ),
    )
    for index in range(len(agent.hidden)):
        layer, before, after = agent.hidden[index], orders[index], orders[index + 1]
        new = (layer.weight[before][:, after], layer.bias[after])
        agent = eqx.tree_at(
            lambda a, i=index: (a.hidden[i].weight, a.hidden[i].bias), agent, new
        )
    return eqx.tree_at(
        lambda a: (a.policy.weight, a.value.weight),
        agent,
        (agent.policy.weight[orders[-1]], agent.value.weight[orders[-1]]),
    )


def _permuted_site(rng: np.random.Generator, agent: GoalConditioned) -> GoalConditioned:
    width = agent.embeddings.shape[-1]
    order = rng.permutation(width)
    readout = agent.readout.reshape(len(agent.slots), width, -1)[:, order]
    new = (agent.embeddings[..., order], readout.reshape(agent.readout.shape))
    return eqx.tree_at(lambda a: (a.embeddings, a.readout), agent, new)


def _permuted_layers(
    rng: np.random.Generator, agent: ReducedRankPolicy
) -> ReducedRankPolicy:
    order = rng.permutation(agent.first.shape[0])
    new = (agent.first[order], agent.second[:, order])
    return eqx.tree_at(lambda a: (a.first, a.second), agent, new)


def _permuted_slot(rng: np.random.Generator, agent: LeakyGoal) -> LeakyGoal:
    order = rng.permutation(agent.slot.shape[-1])
    fields = (agent.perception, agent.rewarded, agent.slot)
    new = tuple(field[..., order] for field in fields)
    return eqx.tree_at(lambda a: (a.perception, a.rewarded, a.slot), agent, new)


def rescaled(_: np.random.Generator, agents: AbstractAgent) -> AbstractAgent:
    """Return networks with one layer larger, and the next one smaller by as much."""

    def perceptron(agent: MLP) -> MLP:
        tables = tuple(_scaled(table, STRETCH) for table in agent.tokens.tables)
        return eqx.tree_at(
            lambda a: (a.level.weight, a.level.bias, a.tokens.tables, a.hidden[0].weight),
            agent,
            (
                _scaled(agent.level.weight, STRETCH),
                _scaled(agent.level.bias, STRETCH),
                tables,
                _scaled(agent.hidden[0].weight, 1 / STRETCH),
            ),
        )

    def site(agent: GoalConditioned) -> GoalConditioned:
        new = (_scaled(agent.embeddings, STRETCH), _scaled(agent.readout, 1 / STRETCH))
        return eqx.tree_at(lambda a: (a.embeddings, a.readout), agent, new)

    def layers(agent: ReducedRankPolicy) -> ReducedRankPolicy:
        new = (_scaled(agent.first, STRETCH), _scaled(agent.second, 1 / STRETCH))
        return eqx.tree_at(lambda a: (a.first, a.second), agent, new)

    for kind, change in ((MLP, perceptron), (GoalConditioned, site)):
        agents = _edit_inside(change, kind, agents)
    return _edit_inside(layers, ReducedRankPolicy, agents)


def _scaled(leaf: Array, factor: float) -> Array:
    return leaf * np.float32(factor)
