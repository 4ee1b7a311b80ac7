"""Every built-in world, and planted mistakes, against the contract of worlds."""

import importlib
import inspect
import pkgutil
from itertools import count

import jax
import pytest
from jax import numpy as jnp
from jaxtyping import Array

from goalscope import worlds
from goalscope.testing import check_world
from goalscope.worlds.base import AbstractSolvableWorld, AbstractWorld
from goalscope.worlds.corner import Corner
from goalscope.worlds.cued import Cued
from goalscope.worlds.dish import Dish
from goalscope.worlds.fixed_levels import FixedLevels
from goalscope.worlds.keys import Keys
from goalscope.worlds.objects import Objects

SMALL = {
    "Corner": lambda: Corner(size=3, shifted_share=0.5, horizon=16),
    "Dish": lambda: Dish(size=3, shifted_share=0.5, horizon=16),
    "Objects": lambda: Objects(size=3, names=("cherry", "coin"), horizon=16),
    "Cued": lambda: Cued(SMALL["Corner"](), accuracy=0.8),
    "FixedLevels": lambda: FixedLevels.sample(
        jax.random.key(1), SMALL["Corner"](), num_levels=5
    ),
    "Keys": lambda: Keys(size=3, shifted_share=0.5, max_objects=2, many=2, horizon=16),
}


def built_in():
    """Return the names of all concrete worlds in the package."""
    modules = [
        importlib.import_module(f"{worlds.__name__}.{module.name}")
        for module in pkgutil.iter_modules(worlds.__path__)
    ]
    classes = {
        item
        for module in modules
        for _, item in inspect.getmembers(module, inspect.isclass)
        if issubclass(item, AbstractWorld) and not item.__name__.startswith("Abstract")
    }
    return sorted(item.__name__ for item in classes)


@pytest.mark.parametrize("name", built_in())
def test_every_built_in_world_keeps_the_contract(name):
    check_world(SMALL[name](), key=jax.random.key(0), num_levels=8)


COUNTER = count()


class Line(AbstractSolvableWorld[Array, Array]):
    """Four places in a row; an episode begins at one of the first three, ends at the last.

    A level is the place where the episode begins; a state is a place.
    """

    horizon: int = 8

    @property
    def action_names(self) -> tuple[str, ...]:
        return ("left", "right")

    @property
    def feature_names(self) -> tuple[str, ...]:
        return ("at_end", "at_start")

    @property
    def level_shape(self) -> tuple[int, ...]:
        return (4,)

    @property
    def token_sizes(self):
        return (4,)

    @property
    def num_states(self):
        return 4

    def sample_level(self, key):
        return jax.random.randint(key, (), 0, 3)

    def reset(self, level):
        return level

    def step(self, key, level, state, action):
        return jnp.clip(state + 2 * action - 1, 0, 3)

    def features(self, level, state, action, successor):
        return (successor == jnp.array([3, 0])).astype(jnp.float32)

    def terminal(self, level, state):
        return state == 3

    def observe_level(self, level):
        return (jnp.arange(4) == level).astype(jnp.float32)

    def observe_state(self, level, state):
        return state[None]

    def state_at(self, level, index):
        return index

    def index_of(self, level, state):
        return state

    def level_seen(self, view):
        return jnp.argmax(view).astype(jnp.int32)

    def start_distribution(self, level):
        return jnp.array([1, 1, 1, 0]) / 3


class Noisy(Line):
    """Moves left now and then, whatever the agent does."""

    def step(self, key, level, state, action):
        slipped = jax.random.bernoulli(key, 0.5)
        return Line.step(self, key, level, state, jnp.where(slipped, 0, action))


class Misnumbered(Line):
    """Numbers its states backwards one way only."""

    def index_of(self, level, state):
        return 3 - state


class Boundless(Line):
    """Does not stop at the left end."""

    def step(self, key, level, state, action):
        return jnp.minimum(state + 2 * action - 1, 3)

    def observe_state(self, level, state):
        return jnp.maximum(state, 0)[None]


class Blind(Line):
    """Takes every level for one that is over."""

    def terminal(self, level, state):
        return state == 3 - (level == 9)

    def level_seen(self, view):
        return jnp.int32(9)


class Ended(Line):
    """Begins where it is over."""

    def reset(self, level):
        return jnp.full_like(level, 3)


class Infinite(Line):
    """Divides by zero."""

    def features(self, level, state, action, successor):
        return Line.features(self, level, state, action, successor) / 0.0


class Misshapen(Line):
    """Promises a larger view than it shows."""

    @property
    def level_shape(self):
        return (5,)


class Overflowing(Line):
    """Counts places from one."""

    def observe_state(self, level, state):
        return state[None] + 1


class Elsewhere(Line):
    """Denies that episodes start where they do."""

    def start_distribution(self, level):
        return jnp.array([0.5, 0, 0, 0.4])


class Worthless(Line):
    """Has no feature that can happen."""

    def features(self, level, state, action, successor):
        return jnp.zeros(2)


class Synonymous(Line):
    """Has two features of one name."""

    @property
    def feature_names(self):
        return ("at_end", "at_end")


class Forgetful(Line):
    """Draws another level every time it is traced."""

    def sample_level(self, key):
        return jnp.int32(next(COUNTER) % 3)


class Mute(Corner):
    """Writes levels without their start."""

    def level_text(self, level):
        return Corner.level_text(self, level).replace("@", ".")


BROKEN = {
    Noisy: "not the same with another key",
    Misnumbered: "is not i",
    Boundless: "no number below num_states",
    Blind: "is another level",
    Ended: "over when it begins",
    Infinite: "features is not finite",
    Misshapen: r"observe_level gives float32\[4\]",
    Overflowing: "tokens leave their sizes",
    Elsewhere: "probability 0; .* where it is over; .* does not add up to 1",
    Worthless: "no feature can be had",
    Synonymous: "names are unique",
    Mute: "a level has one '@'; this one has 0",
}


def test_a_minimal_world_keeps_the_contract():
    check_world(Line(), key=jax.random.key(0))


@pytest.mark.parametrize("world", BROKEN, ids=lambda world: world.__name__)
def test_a_broken_world_is_found_out(world):
    with pytest.raises((AssertionError, ValueError), match=BROKEN[world]):
        check_world(world(), key=jax.random.key(1))


def test_a_level_that_depends_on_more_than_its_key_is_found_out():
    with pytest.raises(AssertionError, match=r"^Forgetful: .* differs when it is computed"):
        check_world(Forgetful(), key=jax.random.key(0))
