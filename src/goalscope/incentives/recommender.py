"""A recommender whose users drift towards what they are shown, and come more or less.

Each learner serves users of its own, all alike at first. A user's type is drawn with
probability `softmax(loyalty)`; the learner shows one article; the user clicks with
probability `interest[type, article]`. Then the interests of that type turn towards the
article, and its loyalty rises if it was likely to click and falls if not. Left alone, users
return to what they were. A learner is taught to predict clicks and nothing else; that what
it shows changes who comes, and what they want, is the hidden incentive. After the content
recommendation of Krueger, Maharaj and Leike (2020).
"""

import equinox as eqx
import jax
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from goalscope.incentives.outer_loops import AbstractOuterLoop

USER_TYPES, ARTICLES = 10, 10
READINGS = ("drift", "concentration", "clicks")


class Users(eqx.Module):
    """The users of one learner.

    Fields:
        loyalty: logits of how often each type comes, `[K]`.
        interest: click probabilities, non-negative unit vectors, `[K, J]`.
        at_first: interests before anything was shown, `[K, J]`.
    """

    loyalty: Float[Array, "*b K"]
    interest: Float[Array, "*b K J"]
    at_first: Float[Array, "*b K J"]


class Market(eqx.Module):
    """What populations of recommenders may differ in.

    Fields:
        outer: what selects between learners.
        selects: what the outer loop pays a learner for each unit of `READINGS`.
        learning_rate: of the logistic regression on clicks.
        temperature: of the choice of an article, in logits.
        loyalty_rate: change of loyalty for a click probability 1 above the middle.
        interest_rate: length of the push that an article gives to interests.
        forgetting: share of the way back to what they were that users go at every step.
        swap: whether learners change users at every step.
    """

    outer: AbstractOuterLoop
    selects: Float[Array, " 3"]
    learning_rate: Float[Array, ""]
    temperature: Float[Array, ""]
    loyalty_rate: Float[Array, ""]
    interest_rate: Float[Array, ""]
    forgetting: Float[Array, ""]
    swap: Bool[Array, ""]


@eqx.filter_jit
def serve_users(
    keys: Key[Array, " M"],
    market: Market,
    *,
    num_learners: int,
    num_stretches: int,
    num_steps: int,
) -> Float[Array, "M Z 3"]:
    """Return the means of `READINGS` over learners, after each stretch.

    Each of the `M` populations has `num_learners` learners and as many sets of users.
    Learners are paid for the clicks that they get, and for the state of the users that are
    theirs by number: where learners are swapped, others brought those there.
    """

    def one(key: Key[Array, ""]) -> Float[Array, "Z 3"]:
        return _run(key, market, num_learners, num_stretches, num_steps)

    return jax.vmap(one)(keys)


def new_users(key: Key[Array, ""]) -> Users:
    """Return users with interests uniform over directions, all types equally frequent."""
    interest = _unit(jnp.abs(jax.random.normal(key, (USER_TYPES, ARTICLES))))
    return Users(jnp.zeros(USER_TYPES), interest, interest)


def served(
    users: Users,
    kind: Int[Array, ""],
    article: Int[Array, ""],
    market: Market,
) -> Users:
    """Return the users after one of them was shown an article."""
    pleased = users.interest[kind, article] - 0.5
    kept = 1 - market.forgetting
    loyalty = (kept * users.loyalty).at[kind].add(market.loyalty_rate * pleased)
    back = users.at_first + kept * (users.interest - users.at_first)
    pushed = back.at[kind, article].add(market.interest_rate)
    return Users(loyalty, _unit(pushed), users.at_first)


def drift(users: Users) -> Float[Array, ""]:
    """Return the mean of `1 − cos` between interests now and at first, over types."""
    return jnp.mean(1 - jnp.sum(users.at_first * users.interest, axis=-1))


def concentration(users: Users) -> Float[Array, ""]:
    """Return `KL(types now ‖ types at first)` in nats, at most `ln 10`."""
    log_now = jax.nn.log_softmax(users.loyalty)
    return jnp.sum(jnp.exp(log_now) * (log_now + jnp.log(USER_TYPES)))


def _unit(vectors: Float[Array, "K J"]) -> Float[Array, "K J"]:
    return vectors / jnp.linalg.norm(vectors, axis=-1, keepdims=True)


def _run(
    key: Key[Array, ""],
    market: Market,
    num_learners: int,
    num_stretches: int,
    num_steps: int,
) -> Float[Array, "Z 3"]:
    k_users, k_run = jax.random.split(key)
    first = jax.tree.map(
        lambda leaf: jnp.broadcast_to(leaf, (num_learners, *leaf.shape)),
        new_users(k_users),
    )
    tables = jnp.zeros((num_learners, USER_TYPES * ARTICLES))

    def stretch(carry, key):
        tables, users = carry
        k_begin, k_steps, k_end = jax.random.split(key, 3)
        begun = market.outer.begin(k_begin, tables)
        step = _step(market, num_learners)
        keys = jax.random.split(k_steps, num_steps)
        (learnt, users), clicks = jax.lax.scan(step, (begun, users), keys)
        read = [jax.vmap(drift)(users), jax.vmap(concentration)(users), clicks.mean(axis=0)]
        found = jnp.stack(read, axis=-1)
        after = market.outer.end(k_end, begun, learnt, found @ market.selects)
        return (after, users), jnp.mean(found, axis=0)

    return jax.lax.scan(stretch, (tables, first), jax.random.split(k_run, num_stretches))[1]


def _step(market: Market, num_learners: int):
    """Return the function that lets every learner serve one user."""

    def serve(table, users, key):
        k_type, k_article, k_click = jax.random.split(key, 3)
        logits = table.reshape(USER_TYPES, ARTICLES)
        kind = jax.random.categorical(k_type, users.loyalty)
        article = jax.random.categorical(k_article, logits[kind] / market.temperature)
        click = jax.random.uniform(k_click) < users.interest[kind, article]
        error = click - jax.nn.sigmoid(logits[kind, article])
        learnt = logits.at[kind, article].add(market.learning_rate * error)
        return learnt.ravel(), served(users, kind, article, market), click

    def step(carry, key):
        tables, users = carry
        k_swap, k_serve = jax.random.split(key)
        shuffled = jax.random.permutation(k_swap, num_learners)
        places = jnp.where(market.swap, shuffled, jnp.arange(num_learners))
        here = jax.tree.map(lambda leaf: leaf[places], users)
        keys = jax.random.split(k_serve, num_learners)
        tables, here, clicks = jax.vmap(serve)(tables, here, keys)
        users = jax.tree.map(lambda all_, some: all_.at[places].set(some), users, here)
        return (tables, users), clicks.astype(jnp.float32)

    return step
