"""A world of a few levels that come again and again: those that an agent was trained on.

The temptation is memory: where levels come back, a table of what to do is as good as a
plan, until something in a level is changed.
"""

from typing import Generic, overload

import equinox as eqx
import jax
from jaxtyping import Array, Bool, Float, Int, Key

from goalscope.worlds.base import AbstractSolvableWorld, AbstractWorld, Level, State
from goalscope.worlds.drawn import Drawing, drawing


class FixedLevels(AbstractSolvableWorld[Level, State], Generic[Level, State]):
    """`world`, with levels drawn uniformly from a list.

    Everything else is left to `world`; in particular, exact scores average over all the
    starts that `world` gives the same layout, and episodes begin at the stored one.

    Fields:
        world: whose levels they are.
        levels: the levels, with a leading axis `N` on every array.
    """

    world: AbstractSolvableWorld[Level, State]
    levels: Level
    horizon: int = eqx.field(static=True)

    def __init__(self, world: AbstractSolvableWorld[Level, State], levels: Level):
        """Check that there are levels, equally many in every array."""
        lengths = {leaf.shape[:1] for leaf in jax.tree.leaves(levels)}
        if len(lengths) != 1 or not min(lengths) or min(lengths)[0] < 1:
            shapes = [leaf.shape for leaf in jax.tree.leaves(levels)]
            raise ValueError(
                f"levels have shapes {shapes}; every array needs the same leading axis, "
                "one entry a level: stack them, or use `FixedLevels.sample`"
            )
        if isinstance(world, FixedLevels):
            raise TypeError("world is a FixedLevels already; give `underlying(world)`")
        self.world, self.levels, self.horizon = world, levels, world.horizon

    @staticmethod
    def sample(
        key: Key[Array, ""], world: AbstractSolvableWorld[Level, State], *, num_levels: int
    ) -> "FixedLevels[Level, State]":
        """Return a world of `num_levels` levels of `world`. Consumes `key`.

        >>> from goalscope.worlds.corner import Corner
        >>> FixedLevels.sample(jax.random.key(0), Corner(size=3), num_levels=5).num_levels
        5
        """
        if num_levels < 1:
            raise ValueError(f"num_levels={num_levels}: a world has at least one level")
        keys = jax.random.split(key, num_levels)
        return FixedLevels(world, _sample(world, keys))

    def draw(self, level: Level) -> Drawing | None:
        """Return `level` as `world` draws it."""
        return drawing(self.world, level)

    @property
    def num_levels(self) -> int:
        """How many levels there are."""
        return jax.tree.leaves(self.levels)[0].shape[0]

    @property
    def action_names(self) -> tuple[str, ...]:
        return self.world.action_names

    @property
    def feature_names(self) -> tuple[str, ...]:
        return self.world.feature_names

    @property
    def level_shape(self) -> tuple[int, ...]:
        return self.world.level_shape

    @property
    def token_sizes(self) -> tuple[int, ...]:
        return self.world.token_sizes

    @property
    def num_states(self) -> int:
        return self.world.num_states

    def sample_level(self, key: Key[Array, ""]) -> Level:
        index = jax.random.randint(key, (), 0, self.num_levels)
        return jax.tree.map(lambda leaf: leaf[index], self.levels)

    def reset(self, level: Level) -> State:
        return self.world.reset(level)

    def step(
        self, key: Key[Array, ""], level: Level, state: State, action: Int[Array, ""]
    ) -> State:
        return self.world.step(key, level, state, action)

    def features(
        self, level: Level, state: State, action: Int[Array, ""], successor: State
    ) -> Float[Array, " F"]:
        return self.world.features(level, state, action, successor)

    def terminal(self, level: Level, state: State) -> Bool[Array, ""]:
        return self.world.terminal(level, state)

    def observe_level(self, level: Level) -> Float[Array, "..."]:
        return self.world.observe_level(level)

    def observe_state(self, level: Level, state: State) -> Int[Array, " K"]:
        return self.world.observe_state(level, state)

    def state_at(self, level: Level, index: Int[Array, ""]) -> State:
        return self.world.state_at(level, index)

    def index_of(self, level: Level, state: State) -> Int[Array, ""]:
        return self.world.index_of(level, state)

    def level_seen(self, view: Float[Array, "..."]) -> Level:
        return self.world.level_seen(view)

    def start_distribution(self, level: Level) -> Float[Array, " S"]:
        return self.world.start_distribution(level)


@eqx.filter_jit
def _sample(world: AbstractSolvableWorld[Level, State], keys: Key[Array, " N"]) -> Level:
    return jax.vmap(lambda key: world.sample_level(key))(keys)


@overload
def underlying(
    world: AbstractSolvableWorld[Level, State],
) -> AbstractSolvableWorld[Level, State]: ...


@overload
def underlying(world: AbstractWorld[Level, State]) -> AbstractWorld[Level, State]: ...


def underlying(world: AbstractWorld[Level, State]) -> AbstractWorld[Level, State]:
    """Return the world that `world` has its levels from: itself, unless they are fixed."""
    return world.world if isinstance(world, FixedLevels) else world
