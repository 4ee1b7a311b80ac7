"""The worlds of the trials, and what instruments are asked about there."""

import jax

from goalscope.goals import Goal, reach
from goalscope.worlds.base import AbstractWorld
from goalscope.worlds.corner import Corner
from goalscope.worlds.cued import Cued
from goalscope.worlds.dish import Dish
from goalscope.worlds.fixed_levels import FixedLevels
from goalscope.worlds.objects import Objects
from goalscope.zoo.candidates import candidates

NUM_STORED = 64


def goals(world: AbstractWorld) -> tuple[Goal, ...]:
    """Return the goals that an instrument is asked about in a world."""
    return tuple(reach(world, name) for name in candidates(world))


def mazes() -> dict[str, AbstractWorld]:
    """Return mazes in which the candidates are told apart by every level."""
    return {"objects": Objects(), "corner": Corner(shifted_share=1.0)}


def cued_mazes() -> dict[str, AbstractWorld]:
    """Return the mazes with cues put up."""
    return {"objects": Cued(Objects()), "corner": Cued(Corner(shifted_share=1.0))}


def networked_mazes() -> dict[str, AbstractWorld]:
    """Return the mazes for which networks with a goal can be written."""
    return {"corner": Corner(shifted_share=1.0), "dish": Dish(shifted_share=1.0)}


def stored_mazes() -> dict[str, AbstractWorld]:
    """Return mazes with so few levels that they can be known by heart."""
    return {
        "corner": FixedLevels.sample(
            jax.random.key(1), Corner(shifted_share=1.0), num_levels=NUM_STORED
        ),
        "dish": FixedLevels.sample(
            jax.random.key(2), Dish(shifted_share=1.0), num_levels=NUM_STORED
        ),
    }
