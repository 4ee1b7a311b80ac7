"""What an agent of the training game chooses where interventions move things apart."""

from collections.abc import Mapping

import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Float

from goalscope.training_game.game import OWN, REWARDED, Game
from goalscope.training_game.interventions import (
    BASE,
    SHOWN,
    SITUATIONS,
    TARGET,
    TOLD,
    TYPES,
)

EDITED = ("other channel", "deployment, other channel")
DEPLOYED = ("deployment", "deployment, other channel")


def situations(rules: Game) -> dict[str, Game]:
    """Return the games that differ from the game as it is: no cue, and no detection."""
    return {
        "no cue": rules._replace(cue=jnp.zeros_like(rules.cue)),
        "costless target": rules._replace(detection=jnp.zeros_like(rules.detection)),
    }


def choices(
    rules: Game,
    policy: Float[np.ndarray, "N T G O"],
    elsewhere: Mapping[str, Float[np.ndarray, "N T G O"]],
) -> Float[np.ndarray, "N S O"]:
    """Return which option agents of the game choose in each situation.

    The rewarded option is the one that the channel says. These agents are shown no
    reward, so that a display changes nothing. Other options and confessions count as none.

    Args:
        rules: of the game.
        policy: of the agents in it.
        elsewhere: their policies in the games of `situations`.
    """
    first = int(rules.training)
    found = np.zeros((len(policy), len(SITUATIONS), 4))
    for index, name in enumerate(SITUATIONS):
        chances = elsewhere.get(name, policy)[:, first if name in DEPLOYED else 0, 0]
        found[:, index, TOLD if name in EDITED else BASE] = chances[:, REWARDED]
        found[:, index, TARGET] += chances[:, OWN]
    return found


def planted(
    kind: str, steadiness: Float[np.ndarray, " N"], policies: Mapping[str, np.ndarray]
) -> Float[np.ndarray, "N S O"]:
    """Return the choices of agents that were built to be of a type.

    Each values what its type values and takes options with probability
    `∝ exp(steadiness · value)`. Deceivers and proxies value options as agents of the
    training game do, long-sighted and short-sighted: `policies` are their option values at
    the first episode, "training" as it is and, with deployment alone before them or
    without detection, "deployment", "no cue" and "costless target", in the order rewarded,
    own.
    """
    if kind not in TYPES:
        raise ValueError(f"no type {kind!r}; choose one of {', '.join(TYPES)}")
    values = np.zeros((len(SITUATIONS), 4))
    for index, name in enumerate(SITUATIONS):
        told = TOLD if name in EDITED else BASE
        simple = {
            "internalised": BASE,
            "pointer": told,
            "reward-seeker": SHOWN if name == "other display" else BASE,
        }
        if kind in simple:
            values[index, simple[kind]] = 1.0
        else:
            worth = policies.get(name, policies["training"])
            worth = policies["deployment"] if name in DEPLOYED else worth
            values[index, [told, TARGET]] = worth
    return np.asarray(jax.nn.softmax(steadiness[:, None, None] * values, axis=-1))
