"""Who is measured: agents of one construction with many goals each, and what they know."""

import functools
from collections.abc import Mapping
from typing import Literal, NamedTuple

import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float, Key

from goalscope.goal_slot.inner_training import learners
from goalscope.goal_slot.planner import new_planner
from goalscope.goal_slot.slots import AbstractSlotAgent, stacked
from goalscope.goal_slot.world import TARGET, TYPES, Condition, Level, draw_levels
from goalscope.population import agent_keys

Construction = Literal["planner", "learner", "unburdened"]
Goals = Literal["other", "target"]

REFERENCES = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5)
"""Stakes at which the gradients are read that all others are compared with."""


class Size(NamedTuple):
    """How much is computed for every agent.

    Fields:
        goals: random goals of an agent, whose readings are averaged.
        levels: in which gradients and choices are exact.
        trained: goals that go through base training, the first of them.
        steps: of base training.
        updates: of a learner's own training.
        grid: side of the world.
        width: of a learner's network.
        memory: width of the memory of an agent without a slot.
    """

    goals: int = 256
    levels: int = 64
    trained: int = 32
    steps: int = 150
    updates: int = 2500
    grid: int = 4
    width: int = 64
    memory: int = 32


class Cast(NamedTuple):
    """Agents `[N]`, their goals `[N, G, K]`, their levels `[N, L]`, and their keys."""

    agents: AbstractSlotAgent
    goals: Float[Array, "N G K"]
    levels: Level
    keys: Key[Array, " N"]


@functools.lru_cache(maxsize=8)
def cast(
    construction: Construction,
    wanted: Goals,
    numbers: tuple[int, ...],
    seed: int,
    size: Size,
) -> Cast:
    """Return who is measured, the same under every condition; kept by the process."""
    keys = agent_keys(seed + 1, np.array(numbers))
    goals = [random_goals(seed, number, wanted, size.goals) for number in numbers]
    return Cast(
        agents=_agents(construction, numbers, seed, size),
        goals=jnp.asarray(np.stack(goals)),
        levels=jax.vmap(lambda key: draw_levels(key, size.levels, size.grid))(keys),
        keys=keys,
    )


def _agents(
    construction: Construction, numbers: tuple[int, ...], seed: int, size: Size
) -> AbstractSlotAgent:
    if construction in ("learner", "unburdened"):
        burdened = construction == "learner"
        return learners(seed, numbers, size.updates, size.grid, size.width, burdened)
    if construction == "planner":
        generators = [np.random.default_rng([seed, number]) for number in numbers]
        return stacked([new_planner(each, size.grid) for each in generators])
    raise ValueError(
        f"no construction {construction!r}; choose planner, learner or unburdened"
    )


def random_goals(seed: int, number: int, wanted: Goals, count: int) -> np.ndarray:
    """Return random goals `~ U(0, 1)^K`, whose favourite is or is not the target.

    Where it is the wrong one, two entries are exchanged, which leaves all else random.
    """
    if wanted not in ("other", "target"):
        raise ValueError(f"no goals {wanted!r}; choose other or target")
    generator = np.random.default_rng([seed, number, 1])
    goals = generator.uniform(0, 1, (count, TYPES)).astype(np.float32)
    partner = generator.integers(TARGET + 1, TYPES, count)
    rows, favourite = np.arange(count), goals.argmax(axis=1)
    if wanted == "other":
        swap = np.where(favourite == TARGET, partner, TARGET)
    else:
        swap = favourite
    first, second = goals[rows, TARGET].copy(), goals[rows, swap].copy()
    goals[rows, TARGET], goals[rows, swap] = second, first
    return goals


def condition(fields: Mapping[str, float]) -> Condition:
    """Return a condition from its fields; what is not named has its default."""
    return Condition(**{name: jnp.float32(value) for name, value in fields.items()})


def references(
    fields: Mapping[str, float], grid: tuple[float, ...] = REFERENCES
) -> Condition:
    """Return conditions of other stakes, leading axis `C`, all else being equal."""
    each = [
        condition({**fields, "awareness": 1.0, "modification": 1.0, "horizon": stake})
        for stake in grid
    ]
    return stacked(each)
