"""Levels that would tell goals apart, and the way that each would take through them."""

from itertools import groupby
from typing import Any, NamedTuple

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
from goalscope.worlds.drawn import drawing

PROPOSED, SHOWN = 256, 3
WORTH = 0.1
"""Least that a level must tell, in bits; two goals that never agree tell 1 bit."""
ROUND = 1_000
FEW = 8
"""Numbers that a part of a level may have to be told in words."""


class Way(NamedTuple):
    """A way through a level: whose, its states, and the actions between them."""

    name: str
    states: Int[np.ndarray, " T"]
    actions: Int[np.ndarray, " A"]


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
        found.append(picture(stage.world, sheet, number, title, ways))
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


def ideal_path(world: AbstractSolvableWorld, sheet: Sheet, number: int, goal: Goal) -> Way:
    """Return how the best agent of a goal goes through a level."""
    table = jax.tree.map(lambda leaf: leaf[number], sheet.tables)
    policy = np.asarray(optimal_policy(table, goal, num_steps=world.horizon))
    rewards, going = (np.asarray(each) for each in solve.payments(table, goal))
    successors, states = np.asarray(table.successors), [_start(world, sheet, number)]
    actions: list[int] = []
    for _ in range(world.horizon):
        action = int(policy[states[-1]].argmax())
        before = states[-1]
        actions.append(action)
        states.append(int(successors[before, action]))
        if going[before, action] == 0 or rewards[before, action] > 0:
            break
    else:
        states, actions = states[:1], []  # it never gets there
    return Way(goal.name, np.array(states), np.array(actions, int))


def picture(
    world: AbstractSolvableWorld,
    sheet: Sheet,
    number: int,
    title: str,
    ways: list[Way],
) -> Picture:
    """Return a level as text with ways through it; in words where it cannot be drawn."""
    level: Any = jax.tree.map(lambda leaf: leaf[number], sheet.levels)
    drawn = drawing(world, level)
    paths = []
    for way in ways:
        places = [] if drawn is None else drawn.places[way.states].tolist()
        path = [(row, column) for row, column in places if min(row, column) >= 0]
        words = done([world.action_names[action] for action in way.actions])
        paths.append(Path(name=way.name, places=path, words=words))
    if drawn is None:
        return Picture(title="; ".join([title, *told(level)]), text="", paths=paths)
    return Picture(title=title, text=drawn.text, paths=paths)


def done(actions: list[str]) -> str:
    """Return actions in words.

    >>> done(["walk", "walk", "cross"]), done([])
    ('walk 2 times, cross', 'nothing')
    """
    runs = [(name, len(list(same))) for name, same in groupby(actions)]
    return (
        ", ".join(f"{name} {n} times" if n > 1 else name for name, n in runs) or "nothing"
    )


def told(level: Any) -> list[str]:
    """Return the parts of a level that are a few numbers each, by name."""
    found = []
    for path, leaf in jax.tree_util.tree_leaves_with_path(level):
        if np.size(leaf) <= FEW:
            numbers = ", ".join(f"{each:g}" for each in np.ravel(leaf).astype(float))
            found.append(f"{jax.tree_util.keystr(path, simple=True)} = {numbers}")
    return found


def _start(world: AbstractSolvableWorld, sheet: Sheet, number: int) -> int:
    level: Any = jax.tree.map(lambda leaf: leaf[number], sheet.levels)
    return int(world.index_of(level, world.reset(level)))
