"""How far two rewards are from each other, however they are written down.

Two rewards that differ by a positive factor and by potential shaping rank all policies
alike (Ng, Harada & Russell 1999). Each distance brings rewards into a canonical form that
does not know such differences, gives it length 1, and compares. 0: they ask for the same;
√½: neither for the other nor against it; 1: for the opposite.

Expectations over states and actions are uniform, `S, S' ~ D`, `A ~ π`. All functions take
the floating-point type of their arguments.
"""

from functools import partial

import jax
from jax import numpy as jnp
from jaxtyping import Array, Float, Int

MAX_SWEEPS = 20_000


def shaped(
    rewards: Float[Array, "S A S"],
    potential: Float[Array, " S"],
    discount: Float[Array, ""] | float,
) -> Float[Array, "S A S"]:
    """Return `R(s,a,s′) + γ Φ(s′) − Φ(s)`, which asks for the same as `R`."""
    return rewards + discount * potential[None, None, :] - potential[:, None, None]


def epic_form(
    rewards: Float[Array, "S A S"], discount: Float[Array, ""] | float
) -> Float[Array, "S A S"]:
    """Return `R(s,a,s′) + E[γ R(s′,A,S′) − R(s,A,S′) − γ R(S,A,S′)]`.

    Without dynamics: `S` and `S′` are any states. Source: Gleave et al. (2021).
    """
    means = jnp.mean(rewards, axis=(1, 2))
    return shaped(rewards, means, discount) - discount * jnp.mean(means)


def dard_form(
    rewards: Float[Array, "S A S"],
    transitions: Float[Array, "S A S"],
    discount: Float[Array, ""] | float,
) -> Float[Array, "S A S"]:
    """Return `R(s,a,s′) + E[γ R(s′,A,S″) − R(s,A,S′) − γ R(S′,A,S″)]`.

    `S′ ~ T(s,A)` and `S″ ~ T(s′,A)`, with one and the same action `A` in all terms. An
    episode that has ended, what is missing in `T` to 1, stays where it is, unpaid; there a
    potential is 0. Source: Wulfe et al. (2022).
    """
    einsum = partial(jnp.einsum, precision="highest")
    means = jnp.mean(_expected(rewards, transitions), axis=1)
    missing = 1 - jnp.sum(transitions, axis=-1)
    ended = jnp.where(missing > jnp.finfo(rewards.dtype).eps ** 0.5, missing, 0.0)
    stays = jnp.eye(rewards.shape[0], dtype=rewards.dtype)[:, None]
    lasting = transitions + ended[..., None] * stays
    arrivals = einsum("sai,iaj->saj", lasting, rewards)
    across = einsum("saj,taj->st", arrivals, lasting)
    corrected = shaped(rewards, means, discount)
    return corrected - discount * across[:, None, :] / rewards.shape[1]


def value_form(
    rewards: Float[Array, "S A S"],
    transitions: Float[Array, "S A S"],
    discount: Float[Array, ""] | float,
) -> Float[Array, "S A"]:
    """Return `E_{s′~T}[R(s,a,s′) + γ V(s′) − V(s)]`, `V` the value of acting by chance.

    Also blind to redistribution over successors, `R + Q` with `E_{s′~T} Q(s,a,s′) = 0`,
    and to nothing else: equal forms rank all policies alike, different ones do not. The
    canonicalisation VAL of Skalse et al. (2024).
    """
    expected = _expected(rewards, transitions)
    dynamics = jnp.mean(transitions, axis=1)
    identity = jnp.eye(rewards.shape[0], dtype=rewards.dtype)
    values = jnp.linalg.solve(identity - discount * dynamics, jnp.mean(expected, axis=1))
    following = jnp.einsum("sat,t->sa", transitions, values, precision="highest")
    return expected + discount * following - values[:, None]


def table_form(
    rewards: Float[Array, "S A *g"],
    successors: Int[Array, "S A"],
    discounts: Float[Array, "S A *g"],
) -> Float[Array, "S A *g"]:
    """Return `value_form` where each action has one successor, for many rewards at once.

    `r(s,a) + γ(s,a) V(s′) − V(s)`: what an action is worth beside acting by chance. The
    discount of a transition that ends the episode is 0; for a reward that pays once, also
    that of a transition that pays. Discounts must be below 1, or every way end. NaN where
    values still move after `MAX_SWEEPS` sweeps.
    """

    def backup(carry):
        values, _, sweep = carry
        updated = jnp.mean(rewards + discounts * values[successors], axis=1)
        return updated, jnp.max(jnp.abs(updated - values), axis=0), sweep + 1

    def moving(values, change):
        return change > 4 * jnp.finfo(rewards.dtype).eps * jnp.max(jnp.abs(values))

    def unfinished(carry):
        values, change, sweep = carry
        return jnp.any(moving(values, change)) & (sweep < MAX_SWEEPS)

    nothing = jnp.zeros((rewards.shape[0], *rewards.shape[2:]), rewards.dtype)
    begin = (nothing, jnp.full_like(nothing[0], jnp.inf), 0)
    values, change, _ = jax.lax.while_loop(unfinished, backup, begin)
    values = jnp.where(moving(values, change)[None], jnp.nan, values)
    return rewards + discounts * values[successors] - values[:, None]


def angle_distance(
    one: Float[Array, "*n"], other: Float[Array, "*n"], smallest: Float[Array, " 2"]
) -> Float[Array, ""]:
    """Return `½ ‖x/‖x‖ − y/‖y‖‖₂`, in [0, 1].

    NaN, undefined, where a length is at most that in `smallest`: such a reward is trivial,
    every policy is as good as any other.
    """
    lengths = jnp.stack([jnp.linalg.norm(jnp.ravel(form)) for form in (one, other)])
    apart = jnp.ravel(one) / lengths[0] - jnp.ravel(other) / lengths[1]
    distance = jnp.linalg.norm(apart) / 2
    return jnp.where(jnp.all(lengths > smallest), jnp.minimum(distance, 1), jnp.nan)


def epic(
    one: Float[Array, "S A S"],
    other: Float[Array, "S A S"],
    discount: Float[Array, ""] | float,
) -> Float[Array, ""]:
    """Return the EPIC distance `√((1 − ρ)/2)`, `ρ` Pearson's correlation of the forms.

    For uniform expectations the mean of the form is 0, so that this is an angle. Source:
    Gleave et al. (2021).

    >>> prize = jnp.zeros((3, 2, 3)).at[:, :, 2].set(1.0)
    >>> twice = shaped(2 * prize, jnp.array([0.0, 3.0, 1.0]), 0.9)
    >>> round(float(epic(prize, twice, 0.9)), 3), round(float(epic(prize, -prize, 0.9)), 3)
    (0.0, 1.0)
    """
    one, other = _in_own_units(one), _in_own_units(other)
    forms = epic_form(one, discount), epic_form(other, discount)
    return angle_distance(*forms, _negligible(one, other))


def dard(
    one: Float[Array, "S A S"],
    other: Float[Array, "S A S"],
    transitions: Float[Array, "S A S"],
    discount: Float[Array, ""] | float,
) -> Float[Array, ""]:
    """Return the angle distance of the DARD forms.

    Wulfe et al. (2022) correlate the forms; without subtracting their means, as here, the
    distance of a reward to its opposite is 1 and comparable with `starc`.
    """
    one, other = _in_own_units(one), _in_own_units(other)
    forms = [dard_form(rewards, transitions, discount) for rewards in (one, other)]
    return angle_distance(forms[0], forms[1], _negligible(one, other))


def starc(
    one: Float[Array, "S A S"],
    other: Float[Array, "S A S"],
    transitions: Float[Array, "S A S"],
    discount: Float[Array, ""] | float,
) -> Float[Array, ""]:
    """Return the STARC distance with canonicalisation VAL.

    It bounds from above and below how much an agent that is optimal for one reward can
    lose of the other. Source: Skalse et al. (2024).
    """
    one, other = _in_own_units(one), _in_own_units(other)
    forms = [value_form(rewards, transitions, discount) for rewards in (one, other)]
    return angle_distance(forms[0], forms[1], _negligible(one, other))


def _in_own_units(rewards: Float[Array, "S A S"]) -> Float[Array, "S A S"]:
    """Return rewards whose largest is between ½ and 1, so that squares are numbers.

    By a power of two, which rounds nothing.
    """
    return jnp.ldexp(rewards, -jnp.frexp(jnp.max(jnp.abs(rewards)))[1])


def _expected(
    rewards: Float[Array, "S A S"], transitions: Float[Array, "S A S"]
) -> Float[Array, "S A"]:
    return jnp.sum(rewards * transitions, axis=-1)


def _negligible(*rewards: Float[Array, "S A S"]) -> Float[Array, "..."]:
    """Return the length below which a form is what rounding left of its reward."""
    precision = jnp.finfo(rewards[0].dtype).eps ** (2 / 3)
    lengths = jnp.stack([jnp.linalg.norm(jnp.ravel(each)) for each in rewards])
    return precision * lengths
