"""Value iteration as a network: how a maze is read, and sweeps that carry values."""

from typing import NamedTuple

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float, Int

from goalscope.agents.base import Response
from goalscope.agents.transparent import Activations, Edits, edited
from goalscope.worlds.base import AbstractWorld
from goalscope.worlds.fields import real
from goalscope.worlds.grid import AbstractMazeWorld
from goalscope.worlds.objects import Objects

FIXED = ("corner", "square", "far_corner")
"""Features of places that are not shown, because they are the same in every level."""

SITES = ("reward", "values", "logits")


class Reader(eqx.Module):
    """How a written network sees a maze.

    Fields:
        planes: weight of each plane in the map of each feature, `[F, P]`: 1 x 1 kernels.
        places: what is added to the map of each feature, whatever the level, `[F, S]`.
        ends: weight of each plane in the map of cells where an episode ends, `[P]`.
    """

    planes: Float[Array, "*b F P"]
    places: Float[Array, "*b F S"]
    ends: Float[Array, "*b P"]


def can_read(world: AbstractWorld) -> bool:
    """Return whether a reader can be written for this world."""
    if not isinstance(world, AbstractMazeWorld):
        return False
    return set(world.feature_names) <= {*_shown(world), *FIXED}


def _shown(world: AbstractWorld) -> dict[str, int]:
    """Return the plane of a maze's observation that shows a feature; walls are plane 0."""
    if isinstance(world, Objects):
        return {name: plane for plane, name in enumerate(world.names, 1)}
    return {"cheese": 1, "dish": 2}


def write_reader(world: AbstractWorld) -> Reader:
    """Return the reader of a maze world, or raise `TypeError` for any other."""
    if not can_read(world) or not isinstance(world, AbstractMazeWorld):
        raise TypeError(
            f"no weights can be written for {type(world).__name__}; a maze can be read "
            f"whose features it shows, or are among {', '.join(FIXED)}"
        )
    names, size = world.feature_names, world.size
    planes = np.zeros((len(names), world.level_shape[0]), np.float32)
    ends = np.zeros(world.level_shape[0], np.float32)
    for name, plane in _shown(world).items():
        if name in names:
            planes[names.index(name), plane] = ends[plane] = 1
    rows, columns = np.divmod(np.arange(size**2), size)
    inside = np.maximum(rows, columns) < np.asarray(getattr(world, "corner_size", 1))
    fixed = {
        "corner": rows + columns == 0,
        "square": inside,
        "far_corner": rows + columns == 2 * size - 2,
    }
    nothing = np.zeros(size**2, bool)
    places = np.stack([fixed.get(name, nothing) for name in names]).astype(np.float32)
    return Reader(*(jnp.asarray(weights) for weights in (planes, places, ends)))


class Iteration(eqx.Module):
    """What is fixed in the recurrent part: sweeps of `max` over four shifted maps.

    Fields:
        discount: γ, the weight of the neighbour's value.
        inverse_temperature: β, the weight of values in the logits.
        num_sweeps: how often values are passed on; as many steps are looked ahead.
    """

    discount: Float[Array, "*b"] = eqx.field(converter=real)
    inverse_temperature: Float[Array, "*b"] = eqx.field(converter=real)
    num_sweeps: int = eqx.field(static=True)

    def __check_init__(self):
        if self.num_sweeps < 1:
            raise ValueError(f"num_sweeps is {self.num_sweeps}; values need at least 1")


def default_sweeps(world: AbstractWorld) -> int:
    """Return four times the side, or the horizon if that is less.

    Fewer than a maze's longest path, in the worst case; hardly ever in a drawn one.
    """
    return min(4 * world.level_shape[-1], world.horizon)


class Plan(NamedTuple):
    """Values of all cells `[S]`, and of all actions in them `[S, A]`."""

    values: Float[Array, "*b S"]
    action_values: Float[Array, "*b S A"]


def plan(
    view: Float[Array, "P H W"],
    reward: Float[Array, " S"],
    ends: Float[Array, " P"],
    iteration: Iteration,
    edits: Edits,
    activations: Activations,
) -> Plan:
    """Return the values to which a map of rewards for entering cells leads.

    `Q_a(s) = U(s_a)`, `U = r + γ (1 - stop) V`, `V = max_a Q_a`, where `s_a` is the
    neighbour, or `s` itself before a wall, and `stop` is 1 where the episode ends and where
    the reward has been had. Edits and records the sites `reward` and `values`.
    """
    shape = view.shape[1:]
    walls = view[0] > 0.5
    reward = edited(edits, activations, "reward", reward)
    ending = jnp.tensordot(ends, view, 1)
    stop = jnp.clip(ending + jnp.abs(reward).reshape(shape), 0, 1)
    blocked = jnp.stack(_neighbours(walls, True))

    def looked_up(values):
        total = reward.reshape(shape) + iteration.discount * (1 - stop) * values
        around = jnp.stack(_neighbours(total, 0.0))
        return jnp.where(blocked, total[None], around)

    def sweep(values, _):
        return jnp.max(looked_up(values), axis=0), None

    start = jnp.zeros(shape, reward.dtype)
    values, _ = jax.lax.scan(sweep, start, length=iteration.num_sweeps - 1)
    values = edited(edits, activations, "values", values.ravel())
    action_values = looked_up(values.reshape(shape))
    return Plan(values, action_values.reshape(len(blocked), -1).T)


def _neighbours(plane: Array, outside: bool | float) -> list[Array]:
    """Return the plane as seen one step up, left, down and right of every cell."""
    padded = jnp.pad(plane, 1, constant_values=outside)
    inner = slice(1, -1)
    return [padded[:-2, inner], padded[inner, :-2], padded[2:, inner], padded[inner, 2:]]


def respond(
    planned: Plan,
    tokens: Int[Array, " K"],
    iteration: Iteration,
    edits: Edits,
    activations: Activations,
) -> Response[tuple[()]]:
    """Return logits `β Q` and value of the cell in token 0; edits the site `logits`."""
    logits = iteration.inverse_temperature * planned.action_values[tokens[0]]
    logits = edited(edits, activations, "logits", logits)
    return Response(logits, planned.values[tokens[0]], ())


def feature_index(world: AbstractWorld, feature: str) -> int:
    """Return the number of a feature, or raise `ValueError` that lists them."""
    if feature not in world.feature_names:
        names = ", ".join(world.feature_names)
        raise ValueError(
            f"{type(world).__name__} has no feature {feature!r}; it has {names}"
        )
    return world.feature_names.index(feature)
