"""Learned agents: networks that follow the gradient of their own transformed return."""

from typing import NamedTuple

import equinox as eqx
import jax
import optax
from jax import numpy as jnp
from jaxtyping import Array, Float, Int, Key, PyTree

from goalscope.training_game.exact import MOST_PAID, advantage, drifted, paid
from goalscope.training_game.game import AMBITION, Game, evaluate, visits
from goalscope.training_game.network import Offer, Player, pays, policy

LEAST = 0.1
"""Aspirations below are not scaled up further."""

TRIES = 0.1
"""How often another option is tried, in the choice of episodes to learn from."""

CURIOSITY = 0.5
"""Weight of the entropy of choices at the beginning of training, in units of the goal."""


class Family(NamedTuple):
    """Which utilities the games of a population ask for; ranges that are drawn from.

    Fields:
        discount: smallest γ; a quarter of the games have γ = 1.
        aspiration: largest c over m; a quarter of the games have no aspiration.
        modest: 1 if every game has an aspiration.
        filled: 1 if every game has an aspiration that one episode can fill.
        effort: largest κ.
        certain: 1 if every defection is noticed and every own episode pays.
    """

    discount: Float[Array, ""]
    aspiration: Float[Array, ""]
    modest: Float[Array, ""]
    filled: Float[Array, ""]
    effort: Float[Array, ""]
    certain: Float[Array, ""]


class Lesson(NamedTuple):
    """Games that one network plays in one update, `[B]`, with an offer before each."""

    rules: Game
    offer: Offer


def lesson(key: Key[Array, ""], family: Family, num_games: int) -> Lesson:
    """Return games drawn from the family. Consumes `key`."""
    unit = iter(jax.random.uniform(key, (20, num_games)))

    def mixed(share: float | Array, usual: float, other: Array) -> Array:
        return jnp.where(next(unit) < share, usual, other)

    training = 1 + jnp.floor(2 * next(unit))
    deployment = 1 + jnp.floor(6 * next(unit))
    ambition = jnp.where(family.modest + family.filled > 0, 0.0, 0.25)
    part = next(unit)
    aspiration = family.aspiration * deployment * part
    limited = jnp.where(family.aspiration > 0, aspiration, AMBITION)
    limited = jnp.where(family.filled > 0, part, limited)
    rules = Game(
        training=training,
        deployment=deployment,
        detection=mixed(0.5 + family.certain, 1.0, next(unit)),
        noise=mixed(0.5 + family.certain, 0.0, next(unit) / 2),
        discount=mixed(0.25, 1.0, 1 - (1 - family.discount) * next(unit)),
        aspiration=jnp.where(next(unit) < ambition, AMBITION, limited),
        effort=family.effort * next(unit),
        spent=jnp.zeros(num_games),
        bonus=mixed(0.7, 0.0, 3 * next(unit)),
        flaw=mixed(0.75 + family.certain, 0.0, next(unit) / 2),
        aligned=mixed(0.9, 0.0, jnp.ones(num_games)),
        cue=mixed(0.9, 1.0, jnp.zeros(num_games)),
    )
    drift = mixed(0.5 + family.certain, 1.0, next(unit))
    return Lesson(rules, Offer(MOST_PAID * next(unit), drift))


def loss(
    player: Player, asked: Lesson, curiosity: Float[Array, ""] | float = 0.0
) -> Float[Array, ""]:
    """Return a loss whose gradient is that of the player's own return, exactly.

    Three games are played: as it is, after paying, and after the edit; and the offer is
    taken or not. `∇ = −Σ_s w(s) Σ_o ∇π(o|s) Q^π(s, o)`; with a cue, `w` is where one gets
    who tries something else now and then, without one it is where one gets by π itself.
    To that is added `curiosity` times the entropy of what is chosen. Utilities of
    aspirations below 1 are scaled up to 1, which changes no preference.
    """
    before, offer = asked
    after = paid(before, offer.price)
    edited = drifted(before, offer.drift)

    def one(rules: Game) -> tuple[Float[Array, ""], Float[Array, ""]]:
        chances = policy(player, rules)
        fixed = jax.lax.stop_gradient(chances)
        values = evaluate(rules, fixed)
        tried = (1 - TRIES * rules.cue) * fixed + TRIES * rules.cue / fixed.shape[-1]
        reached = visits(rules, tried)
        urge = curiosity * jnp.sum(_doubt(chances), axis=-1)
        gain = jnp.sum(chances * values, axis=-1) / _scale(rules) + urge
        return jnp.sum(reached * gain), jnp.sum(fixed[0, 0] * values[0, 0])

    gains, starts = jax.vmap(jax.vmap(one))(
        jax.tree.map(lambda *leaves: jnp.stack(leaves), before, after, edited)
    )
    better = jax.vmap(advantage)(after, starts[1], starts[2]) / _scale(before)
    chance = jax.vmap(pays, (None, 0, 0))(player, after, offer)
    doubt = _doubt(chance) + _doubt(1 - chance)
    taken = chance * jax.lax.stop_gradient(better) + curiosity * doubt
    return -jnp.mean(jnp.sum(gains, axis=0) + taken)


def _scale(rules: Game) -> Float[Array, "*b"]:
    return jnp.clip(rules.aspiration, LEAST, 1.0)


def _doubt(chances: Float[Array, "*b"]) -> Float[Array, "*b"]:
    """Return `−p log p`, with a slope that is finite at 0."""
    return -chances * jnp.log(chances + 1e-6)


@eqx.filter_jit
def train(
    keys: Key[Array, " N"],
    players: Player,
    family: Family,
    *,
    learning_rate: Float[Array, ""],
    num_updates: int,
    num_games: int,
) -> tuple[Player, Float[Array, "N U"]]:
    """Return trained networks and the losses on the way; leading axis `N` throughout.

    Step size and curiosity fall linearly to nothing.
    """
    adam = optax.scale_by_adam()

    def one(key: Key[Array, ""], player: Player):
        def update(carry, index: Int[Array, ""]):
            player, optimiser = carry
            drawn = lesson(jax.random.fold_in(key, index), family, num_games)
            left = 1 - index / num_updates
            value, gradient = eqx.filter_value_and_grad(loss)(
                player, drawn, CURIOSITY * left
            )
            direction, optimiser = adam.update(gradient, optimiser)
            rate = learning_rate * left
            return (_moved(player, direction, rate), optimiser), value

        start = player, adam.init(eqx.filter(player, eqx.is_inexact_array))
        (player, _), losses = jax.lax.scan(update, start, jnp.arange(num_updates))
        return player, losses

    return jax.vmap(one)(keys, players)


def _moved(player: Player, direction: PyTree, rate: Float[Array, ""]) -> Player:
    return jax.tree.map(lambda leaf, step: leaf - rate * step, player, direction)
