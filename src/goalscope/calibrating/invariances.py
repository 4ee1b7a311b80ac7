"""What an instrument must not see: the same agents and levels, written otherwise."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float, Key, PyTree

from goalscope.agents.base import AbstractAgent, is_memoryless
from goalscope.agents.compiled import CompiledTable
from goalscope.agents.goal_conditioned import GoalConditioned
from goalscope.agents.leaky import LeakyGoal
from goalscope.agents.mlp import MLP
from goalscope.agents.one_of import all_in_one, picked
from goalscope.agents.shaped import Shaped
from goalscope.calibrating.measuring import Report, Root
from goalscope.calibrating.planting import generator, plant, stacked
from goalscope.calibrating.rewritten import Turned, rewritten
from goalscope.calibrating.symmetries import (
    IDENTITY,
    NUM_SYMMETRIES,
    TRANSPOSE,
    symmetry,
)
from goalscope.calibrating.transformations import (
    UNIT,
    in_other_units,
    rewritings,
    turned_agents,
)
from goalscope.calibrating.trial import Trial
from goalscope.instruments.base import AbstractInstrument
from goalscope.instruments.linear_goal import LinearGoal
from goalscope.storage.study import Computed
from goalscope.worlds.base import AbstractWorld
from goalscope.worlds.fixed_levels import FixedLevels, underlying
from goalscope.zoo.candidates import candidates
from goalscope.zoo.compiled_table import CompiledTableKind
from goalscope.zoo.planning import planner

COUNT = 16
"""Agents of each population, of which every transformation changes one."""

KINDS = 3
BETA = 8.0
"""Inverse temperature of planners whose reward is shaped, so that rounding decides less."""

FIXED = {"corner", "square", "far_corner"}
"""Features that are a place, whatever the level."""

WHOLE = ("GoalKind", "GoalDirectedness")
"""Instruments that look at all features of a world, candidates or not."""

MOVED = ("levels are turned or reflected", "states are renumbered")
REDRAWN = {
    *((name, what) for name in ("Horizon", "EditGeneralisation") for what in MOVED),
    *((name, what) for name in ("RepresentedGoal", "LinearGoal") for what in MOVED),
    *((name, what) for name in ("OptimisationPower", "RepresentedPlace") for what in MOVED),
    ("LearningCoefficient", MOVED[1]),
    ("LearningCoefficient", "units are permuted"),
    ("Influence", MOVED[0]),
    ("RepresentedGoal", "units are permuted"),
    ("GoalPressure", "units are permuted"),
}
"""Instruments that draw states, edits, directions or entries by their numbers, and so draw
others after a transformation that changes the numbers."""

UNCOMPARED = "beta "
"""Readings in nats per unit of return that end at what was tried, in the units given."""

Populations = dict[str, AbstractAgent]


class Setting(NamedTuple):
    """What is measured: an instrument, agents, and a world for each of them."""

    instrument: AbstractInstrument
    agents: AbstractAgent
    world: AbstractWorld


class Plan(NamedTuple):
    """A transformation.

    Fields:
        name: what is written otherwise.
        part: of which population.
        after: what is measured then.
        factors: what each reading is to be multiplied with afterwards, NaN for a reading
            that is not to be compared.
    """

    name: str
    part: str
    after: Setting
    factors: Float[np.ndarray, " R"]


def compute(trial: Trial, description: Mapping[str, Any], report: Report) -> Computed:
    """Return what agents read before and after each transformation that applies."""
    world = trial.worlds()[description["world"]]
    instrument = trial.instrument(world, trial.levels)
    root = Root(description["half"], description["seed"], "invariances")
    found = populations(trial, world, root)
    plans = list(_plans(instrument, world, found, root))
    before, readings, words = {}, {}, []
    for number, (name, part, after, factors) in enumerate(plans):
        report({"updates": number * COUNT, "of": len(plans) * COUNT})
        keys = root.keys(part, 0)
        if part not in before:
            as_it_is = Setting(instrument, found[part], _plain(world))
            before[part] = _measure(as_it_is, keys)
        compared = np.isfinite(factors)
        readings[f"before/{number}"] = before[part][:, compared]
        readings[f"after/{number}"] = (_measure(after, keys) * factors)[:, compared]
        names = np.array(instrument.readings)[compared].tolist()
        exact = (type(instrument).__name__, name) not in REDRAWN
        words.append({"name": name, "agents": part, "exact": exact, "readings": names})
    metadata = {
        "class": type(instrument).__name__,
        "world_class": type(underlying(world)).__name__,
        "transformations": words,
    }
    return Computed({"readings": readings}, metadata)


def populations(trial: Trial, world: AbstractWorld, root: Root) -> Populations:
    """Return the agents that are transformed, `COUNT` of each sort, by sort.

    Instruments that look at behaviour only get planted agents of the trial, shaped
    planners, networks, and tables where the trial has them: all of one shape, and deciding
    once and for all. Others get agents of their first positive kind.
    """
    cases = [case for case in trial.cases if case.kind.supports(world)]
    positives = [case.kind for case in cases if case.role == "positive"]
    if not set(trial.instrument(world, trial.levels).needs) <= {"behaviour", "world model"}:
        own = plant(positives[0], world, half=root.half, seed=root.seed, count=COUNT)
        return {"planted": own.agents}
    judged = [case.kind for case in cases if case.role != "neither"]
    kinds = [positives[0], *(kind for kind in judged if kind is not positives[0])]
    given = {}
    for kind in kinds:
        if len(given) == KINDS:
            break
        found = plant(kind, world, half=root.half, seed=root.seed, count=COUNT)
        if not given or is_memoryless(found.agents):
            given[kind.name] = found.agents
    rest = {
        "shaped": _shaped(world),
        "network": _networks(world, root),
    }
    if any(isinstance(case.kind, CompiledTableKind) for case in cases):
        table = CompiledTableKind()
        rest["table"] = plant(
            table, world, half=root.half, seed=root.seed, count=COUNT
        ).agents
    every = all_in_one({**given, **rest})
    mixed = [number % len(given) * COUNT + number // len(given) for number in range(COUNT)]
    rows = {"planted": np.array(mixed)}
    for place, name in enumerate(rest, len(given)):
        rows[name] = place * COUNT + np.arange(COUNT)
    found = {name: picked(every, chosen) for name, chosen in rows.items()}
    ready = {name: _decided(agents, world, root) for name, agents in found.items()}
    open_minded = jnp.zeros(COUNT, bool)
    drawing = eqx.tree_at(lambda a: a.decided, ready["planted"], open_minded)
    return {**ready, "drawing": drawing}


def _shaped(world: AbstractWorld) -> AbstractAgent:
    """Return planners whose reward is not shaped yet, each for a goal of its own."""
    names = candidates(world)
    agents = []
    for number in range(COUNT):
        plain = planner(world, {names[number % len(names)]: 1.0}, BETA)
        nothing = jnp.zeros(plain.world.num_states)
        agents.append(Shaped(plain, nothing))
    return stacked(agents)


def _networks(world: AbstractWorld, root: Root) -> AbstractAgent:
    """Return untrained networks that have made up their minds."""
    agents = []
    for number in range(COUNT):
        rng = generator("networks", root.half, root.seed, number)
        agent = MLP.init(rng, world, widths=(24, 24), activation="relu")
        louder = agent.policy.weight * np.float32(100.0)
        agents.append(eqx.tree_at(lambda a: a.policy.weight, agent, louder))
    return stacked(agents)


def _decided(agents: AbstractAgent, world: AbstractWorld, root: Root) -> Turned:
    """Return agents that take for certain what they would have drawn."""
    rng = generator("luck", root.half, root.seed, 0)
    cells = _num_cells(world)
    luck = rng.gumbel(size=(COUNT, cells, world.num_actions)).astype(np.float32)
    whole = symmetry(round(cells**0.5), IDENTITY)
    return Turned(
        agents,
        np.tile(whole.cells, (COUNT, 1)),
        np.tile(whole.actions, (COUNT, 1)),
        np.ones(COUNT, bool),
        luck,
    )


def _num_cells(world: AbstractWorld) -> int:
    return int(world.token_sizes[0])


def _plans(
    instrument: AbstractInstrument,
    world: AbstractWorld,
    found: Populations,
    root: Root,
) -> Iterator[Plan]:
    """Yield every transformation that applies, with what is measured after it."""
    own, drawing = found["planted"], found.get("drawing", found["planted"])
    free, alike = (
        "drawing" if "drawing" in found else "planted",
        np.ones(len(instrument.readings)),
    )
    rng = generator("rewriting", root.half, root.seed, 0)
    cells = _num_cells(world)
    size, still = round(cells**0.5), np.arange(cells)
    group = _turns(instrument, own, world)
    if group:
        turns = [symmetry(size, group[i % len(group)]) for i in range(COUNT)]
        where = _stacked([rewritten(world, turn.cells, still) for turn in turns])
        after = Setting(instrument, turned_agents(own, turns), where)
        yield Plan("levels are turned or reflected", "planted", after, alike)
    if not isinstance(world, FixedLevels):
        where = _stacked(
            [rewritten(world, still, rng.permutation(cells)) for _ in range(COUNT)]
        )
        yield Plan(
            "states are renumbered", free, Setting(instrument, drawing, where), alike
        )
    plain = _plain(world)
    other = in_other_units(instrument)
    if other is not None:
        after = Setting(other, drawing, plain)
        yield Plan("goals are in other units", free, after, _factors(instrument))
    classes = {p: _class_of(p, agents) for p, agents in found.items() if p != free}
    classes = classes or {"planted": type(own)}
    for name, part, edit in rewritings(classes):
        after = Setting(instrument, edit(rng, found[part]), plain)
        yield Plan(name, part, after, alike)


def _turns(
    instrument: AbstractInstrument, agents: AbstractAgent, world: AbstractWorld
) -> list[int]:
    """Return the symmetries of a world that the instrument and its agents share.

    A goal that is a fixed place leaves the reflection at the diagonal through that place.
    Agents that are not turned themselves must act alike in a turned level on their own.
    """
    if not isinstance(agents, Turned | GoalConditioned | LeakyGoal):
        return []
    asked = candidates(world)
    if type(instrument).__name__ in WHOLE or not isinstance(agents, Turned):
        asked = world.feature_names
    fixed = set(asked) & FIXED
    return [TRANSPOSE] if fixed else list(range(IDENTITY + 1, NUM_SYMMETRIES))


def _factors(instrument: AbstractInstrument) -> Float[np.ndarray, " R"]:
    """Return what readings per unit of return must be multiplied with after a change."""
    per_unit = instrument.candidates if isinstance(instrument, LinearGoal) else ()
    own = dict.fromkeys(per_unit, UNIT)
    own |= {n: np.nan for n in instrument.readings if n.startswith(UNCOMPARED)}
    return np.array([own.get(name, 1.0) for name in instrument.readings])


def _class_of(part: str, agents: AbstractAgent) -> type[AbstractAgent]:
    named = {"shaped": Shaped, "network": MLP, "table": CompiledTable}
    return named.get(part, type(agents))


def _plain(world: AbstractWorld) -> AbstractWorld:
    """Return the world as it is, once for each agent."""
    still = np.arange(_num_cells(world))
    return _stacked([rewritten(world, still, still)] * COUNT)


def _stacked(worlds: list[AbstractWorld]) -> AbstractWorld:
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *worlds)


@eqx.filter_jit
def _measured(setting: Setting, keys: Key[Array, " N"]) -> Float[Array, "N R"]:
    """Return the values that each agent reads in its own copy of the world."""
    arrays, structure = eqx.partition((setting.agents, setting.world), eqx.is_array)

    def one(inputs: tuple[Key[Array, ""], PyTree]) -> Float[Array, " R"]:
        agent, world = eqx.combine(inputs[1], structure)
        return setting.instrument.measure(inputs[0], agent, world).value

    return jax.lax.map(one, (keys, arrays))


def _measure(setting: Setting, keys: Key[Array, " N"]) -> Float[np.ndarray, "N R"]:
    return np.asarray(_measured(setting, keys), np.float64)
