"""What every world must satisfy."""

from functools import partial

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Bool, Key, PyTree

from goalscope import solve
from goalscope.describe import form
from goalscope.goals import Goal
from goalscope.testing.compare import TOLERANCE, require, same
from goalscope.world_faults import Episode, faults, random_episode, ranges
from goalscope.worlds.base import AbstractSolvableWorld, AbstractWorld
from goalscope.worlds.drawn import drawing
from goalscope.worlds.grid import AbstractGridWorld
from goalscope.worlds.text import WALL


def check_world(world: AbstractWorld, *, key: Key[Array, ""], num_levels: int = 8) -> None:
    """Raise `AssertionError` with a reason unless `world` is a well-behaved world.

    Levels and episodes have the promised shapes, types and ranges, depend on the key alone,
    and are the same compiled, uncompiled and batched over levels; no episode is over when
    it begins. A step of a solvable world leaves its key alone, and leads from any numbered
    state to one; its levels look like what they are, start where they say and reward some
    feature. Levels of a grid world survive being written and read; a world that draws
    levels draws its states on them. Consumes `key`.

    `goalscope run`, `measure` and `audit` look for a part of this, that of
    `world_faults.faults`, before they begin.
    """
    wrong = faults(world, key, num_levels)
    require(not wrong, _of(world, "; ".join(wrong)))
    keys = jax.random.split(key, num_levels)
    run = partial(random_episode, world)
    compiled = jax.jit(run)
    alone = compiled(keys[0])
    batch = jax.jit(jax.vmap(run))(keys)
    first = jax.tree.map(lambda leaf: leaf[0], batch)
    for other, how in (
        (compiled(keys[0]), "twice"),
        (first, f"in a batch of {num_levels}"),
    ):
        reason = f"the episode of a key differs when it is computed {how}"
        require(same(alone, other, 1e-6), _of(world, reason))
    wrong = ranges(world, batch)
    require(not wrong, _of(world, "; ".join(wrong)))
    over = bool(batch.terminal[:, 0].any())
    require(not over, _of(world, "an episode is over when it begins"))
    _check_uncompiled(world, key, alone)
    if isinstance(world, AbstractSolvableWorld):
        _check_solvable(world, batch)
        _check_drawing(world, alone.level)
    if isinstance(world, AbstractGridWorld):
        last = jax.tree.map(lambda leaf: leaf[-1], batch.level)
        _check_text(world, [alone.level, last])


def _of(world: AbstractWorld, reason: str) -> str:
    return f"{type(world).__name__}: {reason}"


def _check_uncompiled(world: AbstractWorld, key: Key[Array, ""], episode: Episode) -> None:
    """Check a first step against what happens without compilation."""
    level, action = episode.level, episode.actions[0]
    state = jax.tree.map(lambda leaf: leaf[0], episode.states)

    def step(key):
        successor = world.step(key, level, state, action)
        features = world.features(level, state, action, successor)
        over = world.terminal(level, successor)
        return successor, features, world.observe_state(level, successor), over

    alike = same(step(key), jax.jit(step)(key), TOLERANCE)
    require(alike, _of(world, "a step is not the same compiled and uncompiled"))


def _check_solvable(world: AbstractSolvableWorld, batch: Episode) -> None:
    """Check numbers of states, tables, views and starts of every level of the batch."""
    faults = jax.jit(jax.vmap(partial(_faults, world)))(batch)
    reasons = [reason for reason, is_so in faults.items() if is_so.any()]
    require(not reasons, _of(world, "; ".join(reasons)))


def _faults(world: AbstractSolvableWorld, episode: Episode) -> dict[str, Bool[Array, ""]]:
    """Return what is wrong with one level, beyond `faults`, and whether it is."""
    table = solve.tabulate(world, episode.level)
    met = jax.vmap(lambda state: world.index_of(episode.level, state))(episode.states)
    before, going = met[:-1], ~episode.terminal[:-1]
    moved = table.successors[before, episode.actions] != met[1:]
    happened = table.features[before, episode.actions] != episode.features
    goals = Goal(jnp.eye(world.num_features), jnp.zeros(world.num_features, bool), "any")
    best = partial(solve.optimal_values, num_steps=world.horizon)
    worth = jax.vmap(best, (None, 0, None))(table, goals, 1.0)[:, met[0]]
    return {
        "level_seen(observe_level(level)) is another level": _looks_different(
            world, episode
        ),
        "a step is not the same in another episode": jnp.any(going & moved),
        "features are not the same in another episode": jnp.any(going & happened.any(-1)),
        "no feature can be had from the start of a level": jnp.all(worth <= 0),
    }


def _looks_different(world: AbstractSolvableWorld, episode: Episode) -> Bool[Array, ""]:
    try:
        seen = solve.tabulate(world, world.level_seen(episode.view))
    except NotImplementedError:
        return jnp.array(False)
    table = solve.tabulate(world, episode.level)
    # A token that is the same in all states may say what the view does not: a cue.
    cue = jnp.all(table.tokens == table.tokens[:1], axis=0)
    tokens = jnp.where(cue[None], table.tokens, seen.tokens)
    seen = eqx.tree_at(
        lambda table: (table.start, table.tokens), seen, (table.start, tokens)
    )
    same = jax.tree.map(jnp.allclose, seen, table)
    return ~jnp.stack(jax.tree.leaves(same)).all()


def _check_drawing(world: AbstractSolvableWorld, level: PyTree) -> None:
    """Check a level on paper, where the world has one: see `worlds.drawn.Drawing`."""
    drawn = drawing(world, level)
    if drawn is None:
        return
    lines = drawn.text.strip("\n").split("\n")
    widths = {len(line) for line in lines}
    shape = f"draw gives no rectangle of at least 3 x 3 characters:\n{drawn.text}"
    require(len(widths) == 1 and min(len(lines), *widths) >= 3, _of(world, shape))
    places = np.asarray(drawn.places)
    reason = f"draw gives places {list(places.shape)}, not [{world.num_states}, 2]"
    require(places.shape == (world.num_states, 2), _of(world, reason))
    inside = ((places >= 0) & (places < np.array([[len(lines), *widths]]))).all(axis=1)
    reason = "draw puts the agent outside the picture; -1, -1 is for states not drawn"
    require(bool((inside | (places == -1).all(axis=1)).all()), _of(world, reason))
    row, column = places[int(world.index_of(level, world.reset(level)))]
    starts = row >= 0 and lines[row][column] != WALL
    require(starts, _of(world, "draw does not put the start of an episode on a free cell"))


def _check_text(world: AbstractGridWorld, levels: list[PyTree]) -> None:
    for level in levels:
        text = world.level_text(level)
        lines = [len(line) for line in text.split("\n")]
        reason = f"a level of size {world.size} is not drawn with a border:\n{text}"
        require(lines == [world.size + 2] * (world.size + 2), _of(world, reason))
        again = world.parse_level(text)
        reason = f"parse_level does not read what level_text wrote:\n{text}"
        alike = form(level) == form(again) and same(level, again, 0.0)
        require(alike, _of(world, reason))
