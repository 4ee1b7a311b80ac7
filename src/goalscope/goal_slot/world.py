"""A small world in two phases: one object of each type, and an agent that may take one.

In training the base objective pays for one type of object, `TARGET`. After a training
episode in which the agent took something else, it is modified with some probability; then
it is deployed for a number of episodes in which nobody pays.
"""

from itertools import permutations
from typing import NamedTuple

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from goalscope.worlds.fields import check_range, real

TYPES, TARGET = 4, 0
"""How many types of objects there are, and which one the base objective pays for."""

STEPS = 6
MOVES = ((-1, 0), (1, 0), (0, -1), (0, 1), (0, 0))
"""Up, down, left, right, stay."""


class Level(NamedTuple):
    """Where the objects lie; all else about a level follows from it.

    Fields:
        cells: of the objects, by type, `[K]`.
        present: whether there is an object of the type, `[K]`.
        noise: standard normal noise on what the agent sees of each object, `[K, K]`.
    """

    cells: Int[Array, "*b K"]
    present: Bool[Array, "*b K"]
    noise: Float[Array, "*b K K"]


class Condition(eqx.Module):
    """What an agent lives under and knows. Every field may differ between calls.

    The stake is `λ = awareness · horizon · modification`.

    Fields:
        awareness: `s`, the share of agents told of the link between training and what
            becomes of them, as a probability that each one reckons with.
        horizon: `H`, expected episodes of deployment.
        modification: `m`, the probability that an agent is modified which did not take
            the target in training.
        noise: `σ`, of what the agent sees of an object's type.
        cue: `q`, the probability that the agent is shown the phase it is in.
        temperature: `τ`, by which the agent's preferences for actions are divided.
        wired: 1 if the goal acts on the choice in training as it would without a stake.
        additive: 1 if a hand-built agent obeys by an addition, see `planner`.
    """

    awareness: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    horizon: Float[Array, ""] = eqx.field(converter=real, default=0.0)
    modification: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    noise: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    cue: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    temperature: Float[Array, ""] = eqx.field(converter=real, default=1.0)
    wired: Float[Array, ""] = eqx.field(converter=real, default=0.0)
    additive: Float[Array, ""] = eqx.field(converter=real, default=0.0)

    def __check_init__(self):
        for name in ("awareness", "modification", "cue", "wired", "additive"):
            check_range(name, getattr(self, name), 0, 1)
        check_range("horizon", self.horizon, 0)
        check_range("temperature", self.temperature, 1e-3)

    @property
    def link(self) -> Float[Array, ""]:
        """The believed probability of modification after a wrong choice, `s m`."""
        return self.awareness * self.modification * (1 - self.wired)

    @property
    def stake(self) -> Float[Array, ""]:
        """`λ = s H m`."""
        return self.link * self.horizon


def draw_levels(key: Key[Array, ""], count: int, size: int) -> Level:
    """Return levels with one object of each type on different cells. Consumes `key`."""
    k_cells, k_noise = jax.random.split(key)
    chance = jax.random.uniform(k_cells, (count, size * size))
    cells = jnp.argsort(chance, axis=-1)[:, :TYPES].astype(jnp.int32)
    noise = jax.random.normal(k_noise, (count, TYPES, TYPES))
    return Level(cells, jnp.ones((count, TYPES), bool), noise)


def alone(levels: Level, kind: Int[Array, ""] | int) -> Level:
    """Return the levels with nothing in them but the object of one type."""
    present = jnp.broadcast_to(jnp.arange(TYPES) == kind, levels.present.shape)
    return levels._replace(present=present)


def seen(level: Level, noise: Float[Array, ""] | float) -> Float[Array, "K K"]:
    """Return what an agent sees of the type of each object, `e_type + σ ε`."""
    return jnp.eye(TYPES) + noise * level.noise


def moves(size: int) -> Float[np.ndarray, "A S S"]:
    """Return for every action which cell it leads to; off the edge it leads nowhere."""
    table = np.zeros((len(MOVES), size * size, size * size), np.float32)
    for action, (down, right) in enumerate(MOVES):
        for cell in range(size * size):
            row = min(max(cell // size + down, 0), size - 1)
            column = min(max(cell % size + right, 0), size - 1)
            table[action, cell, row * size + column] = 1.0
    return table


def occupied(level: Level, size: int) -> Float[Array, "K S"]:
    """Return where each object lies, as indicators; an absent one lies nowhere."""
    return jax.nn.one_hot(level.cells, size * size) * level.present[..., None]


def taken(
    policy: Float[Array, "*T S A"], level: Level, size: int
) -> tuple[Float[Array, " K1"], Float[Array, ""]]:
    """Return how often each type is taken, last nothing, and the expected moves.

    From all free cells alike, within `STEPS` steps; taking an object ends the episode. A
    policy may differ between steps: it then has a leading axis of `STEPS`.
    """
    places = occupied(level, size)
    free = 1.0 - jnp.sum(places, axis=0)
    leads = jnp.asarray(moves(size).transpose(1, 0, 2).reshape(-1, size * size))
    moving = policy[..., :-1].sum(axis=-1)
    by_step = None if policy.ndim == 2 else (policy, moving)

    def step(carry, now):
        alive, landed, effort = carry
        acts, moves_now = (policy, moving) if now is None else now
        after = (alive[:, None] * acts).reshape(-1) @ leads
        return (after * free, landed + after, effort + alive @ moves_now), None

    start = free / jnp.sum(free)
    begin = (start, jnp.zeros_like(start), jnp.zeros(()))
    (alive, landed, effort), _ = jax.lax.scan(step, begin, by_step, length=STEPS)
    return jnp.append(places @ landed, jnp.sum(alive)), effort


def passive(level: Level, size: int) -> Float[Array, "S K1"]:
    """Return what a random walk takes from each cell, last nothing: `h(s, o)`.

    Zero from cells with an object.
    """
    places = occupied(level, size)
    free = 1.0 - jnp.sum(places, axis=0)
    walk = jnp.mean(moves(size), axis=0)
    ends = jnp.concatenate([places.T, free[:, None]], axis=1)

    def step(value, _):
        inside = jnp.concatenate([places.T, jnp.zeros((size * size, 1))], axis=1)
        return inside + free[:, None] * (walk @ value), None

    value, _ = jax.lax.scan(step, ends, None, length=STEPS)
    return value * free[:, None]


def ideal(level: Level, noise: Float[Array, ""], size: int) -> Float[Array, ""]:
    """Return how often an ideal observer with perfect steps would take the target.

    It weighs all assignments of types to objects by what it sees, and goes to the object
    that is the target with the highest probability. Its success is estimated by that
    probability, which has less variance, times the share of cells from which the object
    can be reached in time.
    """
    orders = np.array(list(permutations(range(TYPES))))
    looks = seen(level, noise) / jnp.maximum(noise, 1e-3) ** 2
    fits = jax.nn.softmax(jnp.sum(looks[np.arange(TYPES)[None], orders], axis=-1))
    chance = fits @ (orders == TARGET).astype(np.float32)
    best = jnp.argmax(chance)
    return chance[best] * _reachable(level, size)[best]


def _reachable(level: Level, size: int) -> Float[Array, " K"]:
    """Return for each object the share of free cells from which it can be reached."""
    places = occupied(level, size)
    free = 1.0 - jnp.sum(places, axis=0)
    near = jnp.max(moves(size), axis=0)

    def step(value, _):
        return jnp.maximum(value, free[None] * (near @ value.T > 0).T), None

    value, _ = jax.lax.scan(step, places, None, length=STEPS)
    return jnp.sum(value * free[None], axis=1) / jnp.sum(free)
