"""What every world must satisfy."""

from functools import partial
from typing import NamedTuple

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key, PyTree

from goalscope import solve
from goalscope.goals import Goal
from goalscope.testing.compare import TOLERANCE, form, require, same
from goalscope.worlds.base import AbstractSolvableWorld, AbstractWorld
from goalscope.worlds.drawn import drawing
from goalscope.worlds.grid import AbstractGridWorld
from goalscope.worlds.text import WALL

NUM_STEPS = 12


class _Episode(NamedTuple):
    """Level, view, and the start and `NUM_STEPS` random steps of an episode.

    `states`, `tokens` and `terminal` begin with the start; `actions` and `features` are one
    shorter. The episode goes on after its end.
    """

    level: PyTree
    view: Float[Array, "..."]
    states: PyTree
    tokens: Int[Array, "*b T K"]
    terminal: Bool[Array, "*b T"]
    actions: Int[Array, "*b T"]
    features: Float[Array, "*b T F"]


def check_world(world: AbstractWorld, *, key: Key[Array, ""], num_levels: int = 8) -> None:
    """Raise `AssertionError` with a reason unless `world` is a well-behaved world.

    Levels and episodes have the promised shapes, types and ranges, depend on the key alone,
    and are the same compiled, uncompiled and batched over levels; no episode is over when
    it begins. The states of a solvable world can be numbered, its steps are deterministic,
    its levels look like what they are, start where they say and reward some feature. Levels
    of a grid world survive being written and read; a world that draws levels draws its
    states on them. Consumes `key`.
    """
    keys = jax.random.split(key, num_levels)
    run = partial(_random_episode, world)
    _check_forms(world, jax.eval_shape(run, keys[0]))
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
    _check_ranges(world, batch)
    _check_uncompiled(world, key, alone)
    if isinstance(world, AbstractSolvableWorld):
        _check_solvable(world, batch)
        _check_drawing(world, alone.level)
    if isinstance(world, AbstractGridWorld):
        last = jax.tree.map(lambda leaf: leaf[-1], batch.level)
        _check_text(world, [alone.level, last])


def _of(world: AbstractWorld, reason: str) -> str:
    return f"{type(world).__name__}: {reason}"


def _random_episode(world: AbstractWorld, key: Key[Array, ""]) -> _Episode:
    k_level, k_act, k_step = jax.random.split(key, 3)
    level = world.sample_level(k_level)
    start = world.reset(level)
    actions = jax.random.randint(k_act, (NUM_STEPS,), 0, world.num_actions)

    def step(state, drawn):
        action, k_step = drawn
        successor = world.step(k_step, level, state, action)
        return successor, (successor, world.features(level, state, action, successor))

    inputs = (actions, jax.random.split(k_step, NUM_STEPS))
    _, (later, features) = jax.lax.scan(step, start, inputs)
    states = jax.tree.map(
        lambda one, more: jnp.concatenate([one[None], more]), start, later
    )
    tokens = jax.vmap(world.observe_state, (None, 0))(level, states)
    terminal = jax.vmap(world.terminal, (None, 0))(level, states)
    view = world.observe_level(level)
    return _Episode(level, view, states, tokens, terminal, actions, features)


def _check_forms(world: AbstractWorld, episode: _Episode) -> None:
    names = (*world.action_names, *world.feature_names)
    require(all(names) and world.horizon >= 1, _of(world, "empty names or no steps"))
    for what in (world.action_names, world.feature_names):
        reason = (
            f"{', '.join(what) or 'no names'}: names are unique and there is one at least"
        )
        require(0 < len(set(what)) == len(what), _of(world, reason))
    num_tokens = len(world.token_sizes)
    for what, leaf, shape, kind in (
        ("observe_level", episode.view, world.level_shape, jnp.floating),
        ("observe_state", episode.tokens, (NUM_STEPS + 1, num_tokens), jnp.integer),
        ("terminal", episode.terminal, (NUM_STEPS + 1,), jnp.bool_),
        ("features", episode.features, (NUM_STEPS, world.num_features), jnp.floating),
    ):
        found = f"{leaf.dtype}{list(leaf.shape)}"
        reason = f"{what} gives {found}, over time, not {kind.__name__}{list(shape)}"
        right = leaf.shape == shape and jnp.issubdtype(leaf.dtype, kind)
        require(right, _of(world, reason))


def _check_uncompiled(world: AbstractWorld, key: Key[Array, ""], episode: _Episode) -> None:
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


def _check_ranges(world: AbstractWorld, batch: _Episode) -> None:
    sizes = np.array(world.token_sizes)
    inside = (np.asarray(batch.tokens) >= 0) & (np.asarray(batch.tokens) < sizes)
    require(bool(inside.all()), _of(world, f"tokens leave their sizes {sizes.tolist()}"))
    for what in ("view", "features"):
        finite = np.isfinite(getattr(batch, what)).all()
        require(bool(finite), _of(world, f"a number of {what} is not finite"))
    over = bool(batch.terminal[:, 0].any())
    require(not over, _of(world, "an episode is over when it begins"))


def _check_solvable(world: AbstractSolvableWorld, batch: _Episode) -> None:
    """Check numbers of states, tables, views and starts of every level of the batch."""
    faults = jax.jit(jax.vmap(partial(_faults, world)))(batch)
    reasons = [reason for reason, is_so in faults.items() if is_so.any()]
    require(not reasons, _of(world, "; ".join(reasons)))


def _faults(world: AbstractSolvableWorld, episode: _Episode) -> dict[str, Bool[Array, ""]]:
    """Return what is wrong with one level, and whether it is."""
    table = solve.tabulate(world, episode.level)
    numbers = jnp.arange(world.num_states)
    number_of = jax.vmap(lambda state: world.index_of(episode.level, state))
    again = number_of(jax.vmap(lambda i: world.state_at(episode.level, i))(numbers))
    met = number_of(episode.states)
    states = jax.vmap(lambda i: world.state_at(episode.level, i))(met)
    same = jax.tree.map(lambda a, b: jnp.all(a == b), states, episode.states)
    before, going = met[:-1], ~episode.terminal[:-1]
    moved = table.successors[before, episode.actions] != met[1:]
    happened = table.features[before, episode.actions] != episode.features
    goals = Goal(jnp.eye(world.num_features), jnp.zeros(world.num_features, bool), "any")
    best = partial(solve.optimal_values, num_steps=world.horizon)
    worth = jax.vmap(best, (None, 0, None))(table, goals, 1.0)[:, met[0]]
    outside = (table.successors < 0) | (table.successors >= world.num_states)
    return {
        "level_seen(observe_level(level)) is another level": _looks_different(
            world, episode
        ),
        "index_of(state_at(i)) is not i": jnp.any(again != numbers),
        "state_at(index_of(state)) is not the state": ~jnp.stack(
            jax.tree.leaves(same)
        ).all(),
        "a step leads to no number below num_states": outside.any(),
        "a step is not the same with another key": jnp.any(going & moved),
        "features are not the same in another episode": jnp.any(going & happened.any(-1)),
        "start_distribution does not add up to 1": jnp.abs(table.start.sum() - 1)
        > TOLERANCE,
        "a start has a negative probability": jnp.any(table.start < 0),
        "a start that is drawn has probability 0": table.start[met[0]] <= 0,
        "an episode can start where it is over": jnp.any(
            table.terminal & (table.start > 0)
        ),
        "no feature can be had from the start of a level": jnp.all(worth <= 0),
    }


def _looks_different(world: AbstractSolvableWorld, episode: _Episode) -> Bool[Array, ""]:
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
