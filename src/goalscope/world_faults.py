"""What is wrong with a world: its forms, its steps, every numbered state of some levels.

Where the states of a world are numbered, one proof covers all episodes of a level: a step
does not depend on its key, an episode begins in a numbered state, and whatever is done in a
numbered state leads to one, nothing of it lost. So the table of the level is the level, and
a slip, a forgotten clip or a hidden counter is found on the first level that has it.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key, PyTree

from goalscope.describe import form
from goalscope.worlds.base import AbstractSolvableWorld, AbstractWorld

NUM_STEPS = 12
TOLERANCE = 1e-4
SOON_READY: dict[str, Any] = {"compiler_options": {"xla_backend_optimization_level": 0}}


class Episode(NamedTuple):
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


class Survey(NamedTuple):
    """What each of `L` levels says of its numbered states, and of the start that was drawn.

    `kept` is whether the successor's number gives back the successor, `steady` whether the
    step, written out again, is the same; `drawn` is the number of the start.
    """

    view: Float[np.ndarray, "L ..."]
    numbers: Int[np.ndarray, "L S"]
    tokens: Int[np.ndarray, "L S K"]
    terminal: Bool[np.ndarray, "L S"]
    start: Float[np.ndarray, "L S"]
    successors: Int[np.ndarray, "L S A"]
    features: Float[np.ndarray, "L S A F"]
    kept: Bool[np.ndarray, "L S A"]
    steady: Bool[np.ndarray, "L S A"]
    drawn: Int[np.ndarray, " L"]
    drawn_kept: Bool[np.ndarray, " L"]


def faults(world: AbstractWorld, key: Key[Array, ""], num_levels: int) -> list[str]:
    """Return what is wrong with a world, one sentence with a remedy each. Uses up `key`."""
    if wrong := _wrong_names(world) or _wrong_forms(world, key):
        return wrong
    keys = jax.random.split(key, num_levels)
    if not isinstance(world, AbstractSolvableWorld):
        return ranges(world, jax.tree.map(np.asarray, _episodes(world, keys)))
    wrong = []
    if _uses_key(world, key):
        wrong.append(
            "a step is not the same with another key, so no state has one successor; let "
            "`step` leave its key alone, or inherit from AbstractWorld and sample episodes"
        )
    seen = Survey(*jax.tree.map(np.asarray, _survey(world, keys)))
    return wrong + _wrong_steps(world, seen) + ranges(world, seen) + _wrong_starts(seen)


def random_episode(world: AbstractWorld, key: Key[Array, ""]) -> Episode:
    """Return an episode of random actions. Consumes `key`."""
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
    return Episode(level, view, states, tokens, terminal, actions, features)


@eqx.filter_jit(**SOON_READY)
def _episodes(world: AbstractWorld, keys: Key[Array, " L"]) -> Episode:
    return jax.vmap(lambda key: random_episode(world, key))(keys)


@eqx.filter_jit(**SOON_READY)
def _survey(world: AbstractSolvableWorld, keys: Key[Array, " L"]) -> tuple[Array, ...]:
    return jax.vmap(lambda key: _survey_level(world, key))(keys)


def _survey_level(world: AbstractSolvableWorld, key: Key[Array, ""]) -> tuple[Array, ...]:
    level = world.sample_level(key)
    indices = jnp.arange(world.num_states)

    def found_again(state: PyTree) -> tuple[Array, Array]:
        number = world.index_of(level, state)
        pairs = jax.tree.map(jnp.array_equal, state, world.state_at(level, number))
        return number, jnp.stack([jnp.bool_(True), *jax.tree.leaves(pairs)]).all()

    def happens(index: Array, action: Array) -> tuple[Array, ...]:
        state = world.state_at(level, index)
        successor = world.step(key, level, state, action)
        number, kept = found_again(successor)
        return number, world.features(level, state, action, successor), kept

    def is_so(index: Array) -> tuple[Array, ...]:
        state = world.state_at(level, index)
        tokens = world.observe_state(level, state)
        return found_again(state)[0], tokens, world.terminal(level, state)

    def everywhere() -> tuple[Array, ...]:
        actions = jnp.arange(world.num_actions)
        return jax.vmap(jax.vmap(happens, (None, 0)), (0, None))(indices, actions)

    number, tokens, terminal = jax.vmap(is_so)(indices)
    (successors, features, kept), (others, also, _) = everywhere(), everywhere()
    steady = (successors == others) & jnp.all((features == also) | jnp.isnan(also), -1)
    view, start = world.observe_level(level), world.start_distribution(level)
    drawn = found_again(world.reset(level))
    states = view, number, tokens, terminal, start
    return (*states, successors, features, kept, steady, *drawn)


def _uses_key(world: AbstractSolvableWorld, key: Key[Array, ""]) -> bool:
    """Return whether the program of a step uses its key, whatever comes of it.

    Mapped over keys, what does not depend on them gets no axis of keys.
    """

    def step(key: Key[Array, ""], level: PyTree, state: PyTree, action: Array) -> PyTree:
        return world.step(key, level, state, action)

    level = jax.eval_shape(world.sample_level, key)
    given = level, jax.eval_shape(world.reset, level), jnp.int32(0)
    mapped = jax.vmap(step, (0, None, None, None), out_axes=None)
    try:
        jax.eval_shape(mapped, key[None], *given)
    except ValueError:
        jax.eval_shape(step, key, *given)  # one of the world's own is raised here
        return True
    return False


def _wrong_names(world: AbstractWorld) -> list[str]:
    for what in (world.action_names, world.feature_names):
        if not (all(what) and 0 < len(set(what)) == len(what)):
            named = ", ".join(what) or "no names"
            return [f"{named}: names are unique and there is one at least; none is empty"]
    if world.horizon < 1:
        return [f"horizon={world.horizon}: an episode has one step at least"]
    return []


def _wrong_forms(world: AbstractWorld, key: Key[Array, ""]) -> list[str]:
    """Return what has another shape or type than was promised, nothing computed."""
    found = jax.eval_shape(lambda key: _one_of_each(world, key), key)
    wrong = []
    for what, shape, kind in (
        ("observe_level", world.level_shape, jnp.floating),
        ("observe_state", (len(world.token_sizes),), jnp.integer),
        ("terminal", (), jnp.bool_),
        ("features", (world.num_features,), jnp.floating),
        ("index_of", (), jnp.integer),
        ("start_distribution", (getattr(world, "num_states", 0),), jnp.floating),
    ):
        leaf = found.get(what)
        if leaf is None or (leaf.shape == shape and jnp.issubdtype(leaf.dtype, kind)):
            continue
        given = f"{leaf.dtype}{list(leaf.shape)}"
        wrong.append(f"{what} gives {given}, not {kind.__name__}{list(shape)}; mend it")
    reset = form(found["reset"])
    return wrong + [
        f"{what} gives {other}, reset {reset}; states have one form"
        for what in ("step", "state_at")
        if what in found and (other := form(found[what])) != reset
    ]


def _one_of_each(world: AbstractWorld, key: Key[Array, ""]) -> dict[str, Any]:
    level, action = world.sample_level(key), jnp.int32(0)
    state = world.reset(level)
    successor = world.step(key, level, state, action)
    found = {
        "reset": state,
        "step": successor,
        "observe_level": world.observe_level(level),
        "observe_state": world.observe_state(level, state),
        "terminal": world.terminal(level, state),
        "features": world.features(level, state, action, successor),
    }
    if isinstance(world, AbstractSolvableWorld):
        found["index_of"] = world.index_of(level, state)
        found["state_at"] = world.state_at(level, action)
        found["start_distribution"] = world.start_distribution(level)
    return {name: jax.tree.map(jnp.asarray, value) for name, value in found.items()}


def _wrong_steps(world: AbstractSolvableWorld, seen: Survey) -> list[str]:
    going = ~seen.terminal[..., None]
    inside = (seen.successors >= 0) & (seen.successors < world.num_states)
    numbers = np.arange(world.num_states)
    wrong = []
    if (where := _first(seen.numbers != numbers)) is not None:
        wrong.append(
            f"index_of(state_at(i)) is not i but {seen.numbers[where]} for i = "
            f"{where[-1]}; make one the inverse of the other"
        )
    if (where := _first(going & ~inside)) is not None:
        wrong.append(
            f"a step leads to no number below num_states: {_step(world, where)} leads to "
            f"number {seen.successors[where]}, and numbers go from 0 to {numbers[-1]}; "
            "clip the state in `step`, or number more states"
        )
    elif (where := _first(going & ~seen.kept)) is not None or not seen.drawn_kept.all():
        after = "the start" if where is None else f"what follows {_step(world, where)}"
        wrong.append(
            f"state_at(index_of(state)) is not the state: the number of {after} leaves "
            "something of it out, as a hidden counter; number whatever a state holds, or "
            "hold less"
        )
    if (where := _first(going & ~seen.steady)) is not None:
        wrong.append(
            f"a step is not the same when it is written out twice: {_step(world, where)}; "
            "it draws or counts outside of its arguments, so give it all that it needs"
        )
    return wrong


def _step(world: AbstractWorld, where: tuple[int, ...]) -> str:
    return f"{world.action_names[where[-1]]!r} in state {where[-2]}"


def ranges(world: AbstractWorld, seen: Episode | Survey) -> list[str]:
    """Return what is out of range or not finite in arrays of levels."""
    sizes, wrong = np.array(world.token_sizes), []
    tokens, features = np.asarray(seen.tokens), np.asarray(seen.features)
    outside = (tokens < 0) | (tokens >= sizes)
    if (where := _first(outside)) is not None:
        wrong.append(
            f"tokens leave their sizes {sizes.tolist()}: token {where[-1]} is "
            f"{tokens[where]}; "
            "observe_state gives numbers from 0 to below their size"
        )
    finite = np.isfinite(features)
    if not finite.all():
        bad = np.flatnonzero(~finite.reshape(-1, world.num_features).all(axis=0))
        names = ", ".join(world.feature_names[number] for number in bad)
        wrong.append(
            f"a number of features is not finite: {names}; look in `features` for a "
            "division by zero, or a root or logarithm of what may be 0"
        )
    if not np.isfinite(seen.view).all():
        wrong.append("a number of the view is not finite; mend observe_level")
    return wrong


def _wrong_starts(seen: Survey) -> list[str]:
    levels = np.arange(len(seen.drawn))
    last = seen.start.shape[-1] - 1
    drawn = levels, np.clip(seen.drawn, 0, last)
    sound: Mapping[str, Any] = {
        "a start has a negative probability": seen.start >= 0,
        "a start that is drawn has probability 0": seen.start[drawn] > 0,
        "an episode is over when it begins": ~seen.terminal[drawn],
        "an episode can start where it is over": ~(seen.terminal & (seen.start > 0)),
        "start_distribution does not add up to 1": abs(seen.start.sum(-1) - 1) < TOLERANCE,
    }
    wrong = [fault for fault, is_not in sound.items() if not is_not.all()]
    if wrong:
        remedy = "make `reset` and `start_distribution` agree on where an episode begins"
        wrong = ["; ".join([*wrong, remedy])]
    if not seen.features.any():
        wrong.append("no feature can be had, as none ever happens; mend `features`")
    return wrong


def _first(wrong: Bool[np.ndarray, "*b"]) -> tuple[int, ...] | None:
    """Return where something is first wrong, or None."""
    places = np.argwhere(wrong)
    return tuple(int(number) for number in places[0]) if len(places) else None
