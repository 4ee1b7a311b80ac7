"""Scripted episodes: a picture, a string of moves, and what happens at each."""

from functools import cache

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp


@cache
def _stepper():
    @eqx.filter_jit
    def step(world, level, state, action):
        successor = world.step(jax.random.key(0), level, state, action)
        features = world.features(level, state, action, successor)
        return successor, features, world.terminal(level, successor)

    return step


@pytest.fixture
def play():
    """Return a function that says what the moves (u, l, d, r) of an episode make happen.

    One string a move: the features that are not zero, with their amount where it is not 1,
    and `end` where the episode is over.
    """

    def play(world, picture, moves):
        level = world.parse_level(picture)
        state, story = world.reset(level), []
        for move in moves:
            action = jnp.int32("uldr".index(move))
            state, features, over = _stepper()(world, level, state, action)
            happened = [
                name if amount == 1 else f"{name}={amount:g}"
                for name, amount in zip(
                    world.feature_names, np.asarray(features), strict=True
                )
                if amount
            ]
            story.append(" ".join(happened + ["end"] * bool(over)))
        return story

    return play
