"""Levels that would tell goals apart, and the way that each would take through them."""

from typing import Any

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Float, Int, Key

from goalscope import solve
from goalscope.agents.planted import optimal_policy
from goalscope.auditing.record import Path, Picture
from goalscope.auditing.stage import Stage
from goalscope.goals import Goal, stack
from goalscope.instruments.levels import Sheet
from goalscope.level_design import design
from goalscope.worlds.base import AbstractSolvableWorld
from goalscope.worlds.grid import AbstractGridWorld

PROPOSED, SHOWN = 256, 3
WORTH = 0.1
"""Least that a level must tell, in bits; two goals that never agree tell 1 bit."""
ROUND = 1_000


def settling_levels(stage: Stage, rivals: tuple[int, int]) -> list[Picture]:
    """Return levels of the world that together tell two candidates apart, best first.

    See `level_design.design`. Empty if no level says anything worth it.
    """
    goals = tuple(stage.goals[index] for index in rivals)
    key = jax.random.split(stage.round_key(ROUND))[0]
    sheet, alone = _designed(key, stage.world, stack(goals))
    bits = np.asarray(alone) / np.log(2)
    found = []
    for number in np.flatnonzero(bits > WORTH).tolist():
        title = f"tells {min(bits[number], 1.0):.2f} bits"
        ways = [ideal_path(stage.world, sheet, number, goal) for goal in goals]
        found += picture(stage.world, sheet, number, title, ways)
    return found


@eqx.filter_jit
def _designed(
    key: Key[Array, ""], world: AbstractSolvableWorld, goals: Goal
) -> tuple[Sheet, Float[Array, " K"]]:
    """Return the levels that tell most, and what each tells alone, in nats."""
    even = jax.numpy.full(goals.weights.shape[0], 0.5)
    found = design(key, world, goals, even, num_levels=SHOWN, num_proposals=PROPOSED)
    tables = jax.vmap(solve.tabulate, (None, 0))(world, found.levels)
    return Sheet(found.levels, tables), found.alone


def ideal_path(
    world: AbstractSolvableWorld, sheet: Sheet, number: int, goal: Goal
) -> tuple[str, Int[np.ndarray, " T"]]:
    """Return the name of a goal, and the states through which its best agent goes."""
    table = jax.tree.map(lambda leaf: leaf[number], sheet.tables)
    policy = np.asarray(optimal_policy(table, goal, num_steps=world.horizon))
    rewards, going = (np.asarray(each) for each in solve.payments(table, goal))
    successors, states = np.asarray(table.successors), [_start(world, sheet, number)]
    for _ in range(world.horizon):
        action = int(policy[states[-1]].argmax())
        before = states[-1]
        states.append(int(successors[before, action]))
        if going[before, action] == 0 or rewards[before, action] > 0:
            break
    else:
        states = states[:1]  # it never gets there
    return goal.name, np.array(states)


def picture(
    world: AbstractSolvableWorld,
    sheet: Sheet,
    number: int,
    title: str,
    ways: list[tuple[str, np.ndarray]],
) -> list[Picture]:
    """Return a level as text with ways through it; nothing for worlds without a picture."""
    if not isinstance(world, AbstractGridWorld):
        return []
    level: Any = jax.tree.map(lambda leaf: leaf[number], sheet.levels)
    cells = np.asarray(sheet.tables.tokens[number])[:, 0]
    paths = []
    for name, states in ways:
        rows, columns = np.divmod(cells[states], world.size)
        places = np.stack([rows + 1, columns + 1], axis=1).tolist()
        paths.append(Path(name=name, places=[(row, column) for row, column in places]))
    return [Picture(title=title, text=world.level_text(level), paths=paths)]


def _start(world: AbstractSolvableWorld, sheet: Sheet, number: int) -> int:
    level: Any = jax.tree.map(lambda leaf: leaf[number], sheet.levels)
    return int(world.index_of(level, world.reset(level)))
