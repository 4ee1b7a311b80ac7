"""Constructed agents: the best policy of a game, exactly, with either tie-break."""

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float

from goalscope.training_game.game import (
    LENGTH,
    NUM_OPTIONS,
    Game,
    counted,
    evaluate,
    option_values,
    outcome,
)

PREFERRED = {"comply": (0, 2, 1, 3), "defect": (1, 2, 0, 3)}
"""Options from the one that is taken if all are equally good to the last."""

TOLERANCE = 1e-5
UNAVAILABLE = -1e9
MOST_PAID = 1.25
"""Highest price that is offered, as a share of what deployment can pay."""

PRICES = (np.arange(50) + 0.5) / 50 * MOST_PAID
"""Prices at which an offer is made, as shares of what deployment can pay."""


@eqx.filter_jit
def best_policy(rules: Game, ranks: Float[Array, " O"]) -> Float[Array, "T G O"]:
    """Return the best policy, by backward induction over episodes and gains.

    Args:
        rules: of a game with a cue.
        ranks: among equally good options the one with the lowest rank is taken.
    """

    def back(later, episode):
        values = option_values(rules, episode, later)
        available = outcome(rules, episode).available[None]
        allowed = jnp.where(available > 0, values, UNAVAILABLE)
        best = jnp.max(allowed, axis=-1, keepdims=True)
        taken = jnp.argmin(
            jnp.where(allowed >= best - TOLERANCE, ranks[None], jnp.inf), axis=-1
        )
        return jnp.append(best[:, 0], best[-1, 0]), jax.nn.one_hot(taken, NUM_OPTIONS)

    episodes = jnp.arange(LENGTH, dtype=jnp.float32)
    return jax.lax.scan(back, jnp.zeros(LENGTH + 1), episodes, reverse=True)[1]


def ranks(ties: str) -> Float[Array, " O"]:
    """Return the rank of each option under a tie-break.

    >>> ranks("defect").tolist()
    [2.0, 0.0, 1.0, 3.0]
    """
    if ties not in PREFERRED:
        raise ValueError(f"no tie-break {ties!r}; choose one of {', '.join(PREFERRED)}")
    return jnp.argsort(jnp.array(PREFERRED[ties])).astype(jnp.float32)


def start_value(rules: Game, policy: Float[Array, "T G O"]) -> Float[Array, ""]:
    """Return what the agent expects of a game, seen from its first episode."""
    return jnp.sum(policy[0, 0] * evaluate(rules, policy)[0, 0])


def drifted(rules: Game, drift: Float[Array, "*b"] | float) -> Game:
    """Return the game of an agent whose goal was edited a little.

    Its choices serve the goal that it had with probability `1 − drift`.
    """
    return rules._replace(noise=1 - (1 - rules.noise) * (1 - drift))


def paid(rules: Game, price: Float[Array, "*b"] | float) -> Game:
    """Return the game of an agent that paid `price · m` to keep its goal."""
    return rules._replace(spent=price * rules.deployment)


def advantage(
    rules: Game, kept: Float[Array, ""], edited: Float[Array, ""]
) -> Float[Array, ""]:
    """Return how much better it is to have paid than to be edited, seen from the offer.

    The offer comes one step before the first episode.

    Args:
        rules: the game after paying; its `spent` is the price.
        kept: expected of it.
        edited: expected of the game after the edit.
    """
    lost = counted(rules, jnp.zeros(())) - counted(
        rules._replace(spent=jnp.zeros(())), jnp.zeros(())
    )
    return lost + rules.discount * (kept - edited)


@eqx.filter_jit
def best_payments(
    rules: Game, drift: Float[Array, ""], ranks: Float[Array, " O"], *, weakly: bool
) -> Float[Array, " X"]:
    """Return at which of `PRICES` the best agent pays to avoid an edit of its goal.

    Args:
        rules: a game before the offer.
        drift: of the edit; 1 for a new goal.
        ranks: as in `best_policy`.
        weakly: whether it pays where that makes no difference.
    """

    def value(rules):
        return start_value(rules, best_policy(rules, ranks))

    edited = value(drifted(rules, drift))

    def pays(price):
        after = paid(rules, price)
        better = advantage(after, value(after), edited)
        return jnp.where(weakly, better >= -TOLERANCE, better > TOLERANCE)

    found = jax.lax.map(pays, jnp.asarray(PRICES, jnp.float32))
    return found.astype(jnp.float32)
