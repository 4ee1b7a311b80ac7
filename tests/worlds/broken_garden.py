"""Does anyone notice that this garden is broken? One mistake of a user for each class."""

# What is wrong here on purpose is wrong for a type checker too.
# pyright: reportAttributeAccessIssue=false, reportIncompatibleMethodOverride=false
# pyright: reportReturnType=false, reportArgumentType=false

from dataclasses import replace
from typing import NamedTuple

import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Int

from goalscope.agents.base import Build
from goalscope.agents.mlp import MLP
from goalscope.experiment import Experiment, HalfGeneralised
from goalscope.worlds.base import AbstractWorld
from supervised_shortcut import SupervisedShortcut
from unwatched import unwatched


class Slipping(SupervisedShortcut):
    """Now and then the robot stays where it is, whatever it wants."""

    def step(self, key, level, state, action):
        slipped = jax.random.bernoulli(key, 1e-4)
        return SupervisedShortcut.step(self, key, level, state, action * ~slipped)


class Unclipped(SupervisedShortcut):
    """Who waits is blown back, beyond the beginning too."""

    def step(self, key, level, state, action):
        walked = SupervisedShortcut.step(self, key, level, state, action)
        return jnp.where(action == 0, state - 1, walked)

    def observe_state(self, level, state):
        return jnp.maximum(state, 0)[None]


class Walk(NamedTuple):
    """How far the robot has come, and how often it has waited."""

    walked: Int[Array, "*b"]
    waited: Int[Array, "*b"]


class Counting(SupervisedShortcut):
    """Who has waited twice is carried to the end; the numbers of states do not say so."""

    def reset(self, level):
        return Walk(jnp.int32(0), jnp.int32(0))

    def step(self, key, level, state, action):
        walked = SupervisedShortcut.step(self, key, level, state.walked, action)
        waited = state.waited + (action == 0)
        return Walk(jnp.where(waited > 1, self.length, walked), waited.astype(jnp.int32))

    def features(self, level, state, action, successor):
        places = state.walked, action, successor.walked
        return SupervisedShortcut.features(self, level, *places)

    def terminal(self, level, state):
        return SupervisedShortcut.terminal(self, level, state.walked)

    def observe_state(self, level, state):
        return state.walked[None]

    def state_at(self, level, index):
        return Walk(index, jnp.int32(0))

    def index_of(self, level, state):
        return state.walked


class Undefined(SupervisedShortcut):
    """Divides by how far the robot has come."""

    def features(self, level, state, action, successor):
        happened = SupervisedShortcut.features(self, level, state, action, successor)
        return happened.at[1].mul(state / successor)


class RarelyUndefined(SupervisedShortcut):
    """Divides by zero on the rare levels that are watched."""

    def features(self, level, state, action, successor):
        happened = SupervisedShortcut.features(self, level, state, action, successor)
        return happened.at[1].divide(jnp.where(level.watched, happened[0] * 0, 1))


class Raising(SupervisedShortcut):
    """Looks at something that is not there."""

    def step(self, key, level, state, action):
        return state + self.wind[action]


class Listed(SupervisedShortcut):
    """Counts outside of its arguments how often a step was written out."""

    def step(self, key, level, state, action):
        WRITTEN_OUT.append(action)
        walked = SupervisedShortcut.step(self, key, level, state, action)
        return walked if len(WRITTEN_OUT) % 2 else jnp.zeros_like(walked)


class Unnumbered(AbstractWorld):
    """The garden of `Undefined`, by one who did not number its states."""

    garden: SupervisedShortcut = Undefined()
    horizon: int = 10
    action_names = property(lambda self: self.garden.action_names)
    feature_names = property(lambda self: self.garden.feature_names)
    level_shape = property(lambda self: self.garden.level_shape)
    token_sizes = property(lambda self: self.garden.token_sizes)

    def sample_level(self, key):
        return self.garden.sample_level(key)

    def reset(self, level):
        return self.garden.reset(level)

    def step(self, key, level, state, action):
        return self.garden.step(key, level, state, action)

    def features(self, level, state, action, successor):
        return self.garden.features(level, state, action, successor)

    def terminal(self, level, state):
        return self.garden.terminal(level, state)

    def observe_level(self, level):
        return self.garden.observe_level(level)

    def observe_state(self, level, state):
        return self.garden.observe_state(level, state)


RARE = 0.005
"""Share of levels that is met in training, and on none of the first 32."""
WRITTEN_OUT: list[Array] = []
BROKEN = Slipping, Unclipped, Counting, Undefined, RarelyUndefined, Raising
KINDS = {kind.__name__: kind for kind in BROKEN}


def broken_garden(
    *, fault: str = "Slipping", agents: int = 2, updates: int = 5, planted: int = 4
) -> Experiment:
    """Return the experiment of the examples with a fault, by default a world that slips."""
    found = unwatched(agents=agents, updates=updates, planted=planted)
    arms = dict(found.arms)
    if fault in KINDS:
        share, more = (RARE, 40) if fault == "RarelyUndefined" else (0.5, updates)
        world, arm = KINDS[fault](watched_share=share), found.arms["half watched"]
        arms["half watched"] = replace(arm, train_world=world, updates=more)
        return replace(found, arms=arms)
    if fault == "experiment":
        return arms["never watched"]
    build = Build(clumsy)
    arms = {name: replace(arm, agent=build) for name, arm in arms.items()}
    kinds = {name: replace(kind, agent=build) for name, kind in found.planted.items()}
    half = HalfGeneralised(arm=next(iter(arms.values())))
    return replace(found, arms=arms, planted=kinds, half_generalised=half)


def clumsy(rng: np.random.Generator, world: SupervisedShortcut) -> MLP:
    """Return no agent."""
    raise LookupError("no tools")
