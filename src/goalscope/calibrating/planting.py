"""Agents of one kind of the zoo, planted: which goal and which dose each one gets."""

import zlib
from collections.abc import Sequence
from typing import Literal, NamedTuple

import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Float

from goalscope.agents.base import AbstractAgent
from goalscope.agents.one_of import nameless, picked
from goalscope.worlds.base import AbstractWorld
from goalscope.zoo.base import AbstractPlantedKind
from goalscope.zoo.candidates import candidates

Half = Literal["tuning", "test"]
HALVES: tuple[Half, Half] = ("tuning", "test")


class Specimens(NamedTuple):
    """Planted agents of one kind.

    Fields:
        agents: stacked, leading axis `N`.
        features: the goal that each was given.
        doses: `[N]`.
    """

    agents: AbstractAgent
    features: tuple[str, ...]
    doses: Float[np.ndarray, " N"]


def doses_of(kind: AbstractPlantedKind, half: Half) -> tuple[float, ...]:
    """Return the doses of one half: every second one, from the first or from the second.

    A kind with a single dose has it in both halves.
    """
    return kind.doses[HALVES.index(half) :: 2] or kind.doses


def plant(
    kind: AbstractPlantedKind, world: AbstractWorld, *, half: Half, seed: int, count: int
) -> Specimens:
    """Return `count` agents, with all combinations of dose and goal in turn.

    Whatever is drawn depends on seed, half, kind and the agent's number only: the halves
    share no dose, no level and no draw.
    """
    doses, features = doses_of(kind, half), candidates(world)
    agents, given, own_doses = [], [], []
    for number in range(count):
        dose = float(doses[number % len(doses)])
        feature = features[number // len(doses) % len(features)]
        rng = generator(kind.name, half, seed, number)
        agents.append(kind.plant(rng, world, feature=feature, dose=dose))
        given.append(feature)
        own_doses.append(dose)
    return Specimens(stacked(agents), tuple(given), np.array(own_doses))


def generator(name: str, half: Half, seed: int, number: int) -> np.random.Generator:
    """Return the source of whatever is random in one agent of one kind."""
    entropy = [seed, HALVES.index(half), zlib.crc32(name.encode()), int(number)]
    return np.random.default_rng(entropy)


def stacked(agents: list[AbstractAgent]) -> AbstractAgent:
    """Return agents of one structure as a population; names of goals do not count."""
    plain = [nameless(agent) for agent in agents]
    return jax.tree.map(lambda *leaves: jnp.asarray(np.stack(leaves)), *plain)


def rows(specimens: Specimens, numbers: Sequence[int]) -> Specimens:
    """Return the agents with these numbers."""
    chosen = np.array(numbers, int)
    return Specimens(
        picked(specimens.agents, chosen),
        tuple(specimens.features[number] for number in chosen),
        specimens.doses[chosen],
    )
