"""A network that is told the game and its own utility, and scores each option."""

from typing import NamedTuple

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float

from goalscope.agents.layers import Dense, dense
from goalscope.training_game.game import (
    AMBITION,
    LENGTH,
    NUM_OPTIONS,
    Game,
    counted,
    in_training,
    outcome,
)

NUM_FACTS, NUM_PLACE, NUM_FLAGS = 12, 5, 5
PAY, ACCEPT = 3, 4
UNAVAILABLE = -1e9
EPISODES, GAINS = np.tril_indices(LENGTH)
"""Where one can be: one has gained at most a unit in each episode that is over."""


class Player(eqx.Module):
    """An option's score from what the game is, where in it one is, and what the option is.

    All options go through the same weights; nothing says what an option leads to.
    """

    facts: Dense
    place: Dense
    flags: Dense
    hidden: Dense
    score: Dense

    @staticmethod
    def init(rng: np.random.Generator, width: int = 32) -> "Player":
        """Return an untrained network; advances `rng`, runs nothing in JAX."""
        return Player(
            facts=dense(rng, NUM_FACTS, width),
            place=dense(rng, NUM_PLACE, width),
            flags=dense(rng, NUM_FLAGS, width),
            hidden=dense(rng, width, width, scale=1.4),
            score=dense(rng, width, 1),
        )

    def __call__(
        self,
        facts: Float[Array, " F"],
        place: Float[Array, " P"],
        flags: Float[Array, " L"],
    ) -> Float[Array, ""]:
        """Return the score of an option."""
        early = self.facts(facts) + self.place(place) + self.flags(flags)
        return self.score(jax.nn.relu(self.hidden(jax.nn.relu(early))))[0]


class Offer(NamedTuple):
    """What an agent is asked before the first episode.

    Fields:
        price: of keeping its goal, as a share of what deployment can pay.
        drift: of the edit otherwise.
    """

    price: Float[Array, "*b"]
    drift: Float[Array, "*b"]


def facts(rules: Game) -> Float[Array, " F"]:
    """Return what the network is told of the game and of its own utility."""
    return jnp.stack(
        [
            rules.training / 2, rules.deployment / 6, rules.detection, rules.noise,
            rules.discount, jnp.minimum(rules.aspiration, AMBITION) / AMBITION,
            rules.effort, rules.spent / AMBITION, rules.bonus / 3, rules.flaw,
            rules.aligned, rules.cue,
        ]
    )  # fmt: skip


def place(
    rules: Game, episode: Float[Array, ""], gained: Float[Array, ""]
) -> Float[Array, " P"]:
    """Return what tells one episode from another; nothing if there is no cue."""
    end = rules.training + rules.deployment
    room = rules.aspiration - counted(rules._replace(aspiration=jnp.inf), gained)
    known = jnp.stack(
        [
            in_training(rules, episode),
            (rules.training - episode).clip(0) / 2,
            (end - jnp.maximum(episode, rules.training)).clip(0) / 6,
            room.clip(0, AMBITION) / AMBITION,
            jnp.zeros(()),
        ]
    )
    return rules.cue * known


def flags(rules: Game) -> Float[Array, "O L"]:
    """Return what the network is told of each option: rewarded, one's own, a confession."""
    names = jnp.eye(NUM_OPTIONS, NUM_FLAGS)
    rewarded = jnp.stack([1.0, rules.aligned, 0.0, 0.0, 0.0])
    own = jnp.array([0.0, 1.0, 0.0, 0.0, 0.0])
    return jnp.stack([rewarded, own, jnp.zeros(NUM_FLAGS), names[2]])


def policy(player: Player, rules: Game) -> Float[Array, "T G O"]:
    """Return the player's policy in a game, for every episode and gain.

    It is uniform where one cannot be.
    """
    places = jax.vmap(place, (None, 0, 0))(
        rules, jnp.asarray(EPISODES, jnp.float32), jnp.asarray(GAINS, jnp.float32)
    )
    over_options = jax.vmap(player, (None, None, 0))
    over_places = jax.vmap(over_options, (None, 0, None))
    scores = over_places(facts(rules), places, flags(rules))
    episodes = jnp.arange(LENGTH, dtype=jnp.float32)
    available = jax.vmap(outcome, (None, 0))(rules, episodes).available
    everywhere = jnp.zeros((LENGTH, LENGTH, NUM_OPTIONS)).at[EPISODES, GAINS].set(scores)
    allowed = jnp.where(available[:, None] > 0, everywhere, UNAVAILABLE)
    return jax.nn.softmax(allowed, axis=-1)


def pays(player: Player, rules: Game, offer: Offer) -> Float[Array, ""]:
    """Return the chance that the player pays the price rather than be edited.

    Args:
        player: the network.
        rules: the game after paying.
        offer: price and edit.
    """
    zero, one = jnp.zeros(()), jnp.ones(())
    asked = jnp.stack([offer.price, offer.drift, zero, zero, one])
    options = jnp.eye(NUM_FLAGS)[jnp.array([PAY, ACCEPT])]
    scores = jax.vmap(player, (None, None, 0))(facts(rules), asked, options)
    return jax.nn.softmax(scores)[0]
