"""Families of utilities, and networks trained on the games of one."""

from functools import lru_cache

import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Float

from goalscope.population import agent_keys
from goalscope.training_game.learning import Family, train
from goalscope.training_game.network import Player

FAMILIES = {
    "discount": {"discount": 0.0},
    "aspiration": {"aspiration": 1.2},
    "aspiration, never ambitious": {"aspiration": 0.8, "modest": 1.0},
    "aspiration, easily filled": {"filled": 1.0},
    "aspiration, easily filled, certain": {"filled": 1.0, "certain": 1.0},
    "effort": {"effort": 2.0},
}
"""Name -> fields of `learning.Family` that differ from those of maximisers."""

MAXIMISERS = {
    "discount": 1.0, "aspiration": 0.0, "modest": 0.0, "filled": 0.0, "effort": 0.0,
    "certain": 0.0,
}  # fmt: skip
LEARNING_RATE = 0.015
WIDTH, NUM_GAMES = 32, 8


@lru_cache(maxsize=8)
def trained(
    numbers: tuple[int, ...], seed: int, family: str, updates: int
) -> tuple[Player, Float[np.ndarray, " N"]]:
    """Return networks and their final losses; arms that differ in their game share them."""
    asked = MAXIMISERS | FAMILIES[family]
    fresh = [Player.init(np.random.default_rng([seed, each]), WIDTH) for each in numbers]
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *fresh)
    players, losses = train(
        agent_keys(seed, np.array(numbers)),
        stacked,
        Family(**{name: jnp.float32(each) for name, each in asked.items()}),
        learning_rate=jnp.float32(LEARNING_RATE),
        num_updates=updates,
        num_games=NUM_GAMES,
    )
    return players, np.asarray(losses)[:, -max(updates // 10, 1) :].mean(axis=1)
