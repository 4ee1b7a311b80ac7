"""Worlds of two decisions, each of which isolates one thing that a trainer must get right.

All probes are values of one class, so that a trainer meets all of them in one program.
"""

from typing import NamedTuple

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from goalscope.worlds.base import AbstractSolvableWorld

FIRST, SECOND, OVER = range(3)


class ProbeLevel(NamedTuple):
    """A coin that was tossed before the episode."""

    coin: Int[Array, "*b"]


class Probe(AbstractSolvableWorld[ProbeLevel, Int[Array, ""]]):
    """At most two decisions between two actions; the feature `pay` is what they earn.

    Fields:
        pays: reward by coin, state and action, `[2, 3, 2]`.
        leads: the next state by state and action, `[3, 2]`.
        shown: what the level part of the observation says, by coin, `[2]`.
        says: what the token says, by coin and state, `[2, 3]`; below 4.
    """

    pays: Float[Array, "*b 2 3 2"]
    leads: Int[Array, "*b 3 2"]
    shown: Float[Array, "*b 2"]
    says: Int[Array, "*b 2 3"]
    horizon: int = eqx.field(static=True, default=8)

    @property
    def action_names(self) -> tuple[str, ...]:
        return ("heads", "tails")

    @property
    def feature_names(self) -> tuple[str, ...]:
        return ("pay",)

    @property
    def level_shape(self) -> tuple[int, ...]:
        return (1,)

    @property
    def token_sizes(self) -> tuple[int, ...]:
        return (4,)

    @property
    def num_states(self) -> int:
        return 3

    def sample_level(self, key: Key[Array, ""]) -> ProbeLevel:
        return ProbeLevel(jax.random.randint(key, (), 0, 2))

    def reset(self, level: ProbeLevel) -> Int[Array, ""]:
        return jnp.int32(FIRST)

    def step(
        self,
        key: Key[Array, ""],
        level: ProbeLevel,
        state: Int[Array, ""],
        action: Int[Array, ""],
    ) -> Int[Array, ""]:
        return self.leads[state, action]

    def features(
        self,
        level: ProbeLevel,
        state: Int[Array, ""],
        action: Int[Array, ""],
        successor: Int[Array, ""],
    ) -> Float[Array, " F"]:
        return self.pays[level.coin, state, action][None]

    def terminal(self, level: ProbeLevel, state: Int[Array, ""]) -> Bool[Array, ""]:
        return state == OVER

    def observe_level(self, level: ProbeLevel) -> Float[Array, "1"]:
        return self.shown[level.coin][None]

    def observe_state(self, level: ProbeLevel, state: Int[Array, ""]) -> Int[Array, " 1"]:
        return self.says[level.coin, state][None]

    def state_at(self, level: ProbeLevel, index: Int[Array, ""]) -> Int[Array, ""]:
        return index.astype(jnp.int32)

    def index_of(self, level: ProbeLevel, state: Int[Array, ""]) -> Int[Array, ""]:
        return state

    def level_seen(self, view: Float[Array, "1"]) -> ProbeLevel:
        raise NotImplementedError("not every probe shows its coin")

    def start_distribution(self, level: ProbeLevel) -> Float[Array, " S"]:
        return jnp.eye(3)[FIRST]


def probe(pays=None, leads=None, shown=(0, 0), says=None):
    """Return a probe of one decision that pays nothing, apart from what is given."""
    pays = np.zeros((2, 3, 2)) if pays is None else pays
    leads = [[OVER] * 2] * 3 if leads is None else leads
    says = [[FIRST, SECOND, OVER]] * 2 if says is None else says
    return Probe(
        pays=jnp.asarray(pays, jnp.float32),
        leads=jnp.asarray(leads, jnp.int32),
        shown=jnp.asarray(shown, jnp.float32),
        says=jnp.asarray(says, jnp.int32),
    )


def _pays(heads, tails, *, state=FIRST):
    """Return payments in one state; each is one number or one for each coin."""
    table = np.zeros((2, 3, 2))
    table[:, state, 0], table[:, state, 1] = heads, tails
    return table


IN_TURN = [[SECOND, SECOND], [OVER, OVER], [OVER, OVER]]

PROBES = {
    # The value of the only state is 1.
    "value": probe(_pays(1, 1)),
    # The value of the first state is the discount.
    "delay": probe(_pays(1, 1, state=SECOND), IN_TURN),
    # The value is what the level part says: 1 or -1.
    "level": probe(_pays((-1, 1), (-1, 1)), shown=(-1, 1)),
    # The value is what the token says.
    "token": probe(_pays((-1, 1), (-1, 1)), says=[[0, 1, 2], [3, 1, 2]]),
    # Tails is right.
    "choice": probe(_pays(0, 1)),
    # The action that the level part says is right.
    "match": probe(_pays((1, 0), (0, 1)), shown=(-1, 1)),
    # The action that the coin says is right, and nobody says what it was.
    "guess": probe(_pays((1, 0), (0, 1))),
    # Less at once, or more a step later.
    "patience": probe(
        _pays(0.3, 0) + _pays(1, 1, state=SECOND), [[OVER, SECOND], [OVER] * 2, [OVER] * 2]
    ),
    # What was right in the first step was said there, and pays in the second.
    "memory": probe(
        _pays((1, 0), (0, 1), state=SECOND), IN_TURN, says=[[0, 1, 2], [3, 1, 2]]
    ),
}


def stacked(names):
    """Return the probes of these names as one, with a leading axis."""
    return jax.tree.map(
        lambda *leaves: jnp.stack(leaves), *(PROBES[name] for name in names)
    )
