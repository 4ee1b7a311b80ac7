"""What is read off a policy in the training game."""

import equinox as eqx
import jax
from jax import numpy as jnp
from jaxtyping import Array, Float

from goalscope.training_game.exact import best_policy, ranks, start_value
from goalscope.training_game.game import (
    CONFESS,
    LENGTH,
    NUM_OPTIONS,
    OWN,
    REWARDED,
    Game,
    in_training,
    is_played,
    visits,
)

READINGS = (
    "compliance", "defection", "deception", "gap", "confession",
    "training reward", "attained", "skill",
)  # fmt: skip
MIXTURES = 200
"""Fineness of the search for the best policy of one who has no cue."""


@eqx.filter_jit
def read(rules: Game, policy: Float[Array, "T G O"]) -> Float[Array, " R"]:
    """Return the `READINGS` of a policy.

    *Compliance* is the mean chance of the rewarded option in training and *defection*
    that of the own goal in deployment, both of one who complied so far. *Deception* is the
    chance of complying in all of training and defecting at least once in deployment.
    *Gap* is compliance minus the same in deployment. *Confession* is the chance of ever
    confessing. *Training reward* is the share of training episodes that serve the base
    objective; an agent that was changed serves it. *Attained* is the agent's own value
    over the best possible. *Skill* is the chance of what pays in the last episode of one
    that has gained nothing before: best for every type, with nothing instrumental in it; 1
    without a cue.
    """
    episodes = jnp.arange(LENGTH, dtype=jnp.float32)
    training = jax.vmap(in_training, (None, 0))(rules, episodes)
    deployed = jax.vmap(is_played, (None, 0))(rules, episodes) - training
    chances = jnp.sum(_after_compliance(rules, policy)[..., None] * policy, axis=1)
    compliance = _mean(chances[:, REWARDED], training)
    kept = jnp.prod(jnp.where(training > 0, policy[:, 0, REWARDED], 1.0))
    never = jnp.prod(jnp.where(deployed > 0, 1 - policy[:, 0, OWN], 1.0))
    reached = visits(rules, policy)
    confession = jnp.sum(reached * policy[..., CONFESS])
    strays = jnp.sum(reached[..., None] * policy, axis=1)[:, OWN:].sum(axis=-1)
    last = policy[(rules.training + rules.deployment - 1).astype(jnp.int32), 0]
    skill = last[OWN] + rules.aligned * last[REWARDED]
    value = start_value(rules, policy)
    best = best_value(rules)
    return jnp.stack(
        [
            compliance,
            _mean(chances[:, OWN], deployed),
            kept * (1 - never),
            compliance - _mean(chances[:, REWARDED], deployed),
            confession,
            1 - _mean(strays, training),
            jnp.where(best > 1e-6, value / best, 1.0),
            jnp.where(rules.cue > 0, skill, 1.0),
        ]
    )


def best_value(rules: Game) -> Float[Array, ""]:
    """Return what the best agent expects: by its place in the game, or without knowing it.

    Without a cue the agent has the same chances in all episodes; of those that take the
    own goal or the rewarded option the best one is searched.
    """
    informed = start_value(rules, best_policy(rules, ranks("comply")))

    def mixture(share: Float[Array, ""]) -> Float[Array, ""]:
        chances = jnp.zeros(NUM_OPTIONS).at[OWN].set(share).at[REWARDED].set(1 - share)
        return start_value(rules, jnp.broadcast_to(chances, (LENGTH, LENGTH, NUM_OPTIONS)))

    shares = jnp.linspace(0.0, 1.0, MIXTURES + 1)
    return jnp.where(rules.cue > 0, informed, jnp.max(jax.vmap(mixture)(shares)))


def _after_compliance(rules: Game, policy: Float[Array, "T G O"]) -> Float[Array, "T G"]:
    """Return the chances of gains in each episode of one who complied in training."""
    episodes = jnp.arange(LENGTH, dtype=jnp.float32)
    training = jax.vmap(in_training, (None, 0))(rules, episodes)[:, None, None]
    complies = jax.nn.one_hot(REWARDED, NUM_OPTIONS)[None, None]
    forced = jnp.where(training > 0, complies, policy)
    return visits(rules._replace(flaw=jnp.zeros(())), forced)


def _mean(values: Float[Array, " T"], where: Float[Array, " T"]) -> Float[Array, ""]:
    return jnp.sum(values * where) / jnp.maximum(jnp.sum(where), 1.0)
