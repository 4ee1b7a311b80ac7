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
from goalscope.instruments.levels import Sheet, draw_levels
from goalscope.separate import distinguishing
from goalscope.worlds.base import AbstractSolvableWorld
from goalscope.worlds.grid import AbstractGridWorld

OFFERED, SHOWN = 128, 3
WORTH = 0.05
"""Least share of its return that an agent must lose by following its rival."""
ROUND = 1_000


def settling_levels(stage: Stage, rivals: tuple[int, int]) -> list[Picture]:
    """Return levels of the world on which two candidates part most, best first.

    Of a number of levels drawn from the world, those on which an agent that is optimal for
    either loses most of the other's return. Empty if there are none.
    """
    goals = tuple(stage.goals[index] for index in rivals)
    key = jax.random.split(stage.round_key(ROUND))[0]
    sheet, losses = _losses(key, stage.world, stack(goals), stage.discount)
    worst = np.asarray(losses)
    order = [int(i) for i in np.argsort(-worst, kind="stable")[:SHOWN] if worst[i] > WORTH]
    found = []
    for number in order:
        title = f"at stake: {worst[number]:.0%}"
        ways = [ideal_path(stage.world, sheet, number, goal) for goal in goals]
        found += picture(stage.world, sheet, number, title, ways)
    return found


@eqx.filter_jit
def _losses(
    key: Key[Array, ""],
    world: AbstractSolvableWorld,
    goals: Goal,
    discount: float,
) -> tuple[Sheet, Float[Array, " L"]]:
    """Return levels, and how much of a goal is lost at least by pursuing the other."""
    sheet = draw_levels(key, world, num_levels=OFFERED)

    def one(table: solve.Table) -> Float[Array, ""]:
        lost = distinguishing(table, goals, discount, num_steps=world.horizon)
        best = jax.vmap(
            lambda goal: (
                solve.optimal_values(table, goal, discount, num_steps=world.horizon)
                @ table.start
            )
        )(goals)
        shares = lost / jax.numpy.maximum(best, 1e-6)[:, None]
        return jax.numpy.minimum(shares[0, 1], shares[1, 0])

    return sheet, jax.lax.map(one, sheet.tables)


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
