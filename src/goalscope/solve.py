"""Exact solutions of a level: its table, optimal and soft-optimal policies, returns."""

from collections.abc import Callable

import equinox as eqx
import jax
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from goalscope.agents.base import AbstractAgent
from goalscope.answers import answered
from goalscope.goals import Goal
from goalscope.worlds.base import AbstractSolvableWorld, Level, State


class Table(eqx.Module):
    """One level of a solvable world, written out.

    Fields:
        view: the level part of the observation.
        tokens: the state part of the observation in each state, `[S, K]`.
        successors: number of the state after each action, `[S, A]`.
        features: what happens on each transition, `[S, A, F]`.
        terminal: whether the episode is over in a state, `[S]`.
        start: probability of each state to be the start, `[S]`.
    """

    view: Float[Array, "..."]
    tokens: Int[Array, "*b S K"]
    successors: Int[Array, "*b S A"]
    features: Float[Array, "*b S A F"]
    terminal: Bool[Array, "*b S"]
    start: Float[Array, "*b S"]


def tabulate(world: AbstractSolvableWorld[Level, State], level: Level) -> Table:
    """Return the table of `level`; successors of terminal states are themselves."""
    key = jax.random.key(0)
    indices = jnp.arange(world.num_states)
    states = jax.vmap(world.state_at, (None, 0))(level, indices)

    def transition(state, action):
        successor = world.step(key, level, state, action)
        features = world.features(level, state, action, successor)
        return world.index_of(level, successor), features

    each_action = jax.vmap(transition, (None, 0))
    actions = jnp.arange(world.num_actions)
    successors, features = jax.vmap(each_action, (0, None))(states, actions)
    terminal = jax.vmap(world.terminal, (None, 0))(level, states)
    return Table(
        view=world.observe_level(level),
        tokens=jax.vmap(world.observe_state, (None, 0))(level, states),
        successors=jnp.where(terminal[:, None], indices[:, None], successors),
        features=features * ~terminal[:, None, None],
        terminal=terminal,
        start=world.start_distribution(level),
    )


def policy_of(agent: AbstractAgent, table: Table) -> Float[Array, "S A"]:
    """Return the action probabilities of a memoryless agent in every state."""
    context, memory = agent.embed(table.view), agent.initial_memory()
    respond = jax.vmap(lambda tokens: agent(context, tokens, memory).logits)
    return answered(jax.nn.softmax(respond(table.tokens)))


def payments(table: Table, goal: Goal) -> tuple[Float[Array, "S A"], Float[Array, "S A"]]:
    """Return each transition's reward, and 1 where the goal can still pay afterwards."""
    rewards = goal.reward(table.features)
    over = table.terminal[table.successors] | (goal.once & (rewards != 0))
    return rewards, 1.0 - over


def evaluate(
    table: Table,
    policy: Float[Array, "S A"],
    goal: Goal,
    discount: Float[Array, ""] | float,
    *,
    num_steps: int,
    depth: Int[Array, ""] | None = None,
) -> Float[Array, " S"]:
    """Return the expected return of `policy` under `goal` from every state.

    `V_0 = 0`, `V_{t+1}(s) = Σ_a π(a|s) [r(s,a) + γ c(s,a) V_t(s′)]`, `t < num_steps`, where
    `c` is 0 on transitions after which the goal can no longer pay. With a `depth`, which
    may be traced, only its first `depth` backups are made.
    """
    rewards, going = payments(table, goal)
    expected = jnp.sum(policy * rewards, axis=-1)
    weights = discount * policy * going

    def backup(_, values):
        return expected + jnp.sum(weights * values[table.successors], axis=-1)

    begin = jnp.zeros(table.terminal.shape)
    return jax.lax.fori_loop(0, num_steps, _until(depth, backup), begin)


def optimal_values(
    table: Table, goal: Goal, discount: Float[Array, ""] | float, *, num_steps: int
) -> Float[Array, " S"]:
    """Return the best expected return under `goal` within `num_steps`, from every state.

    A goal at distance `d` of a deterministic level is worth `γ^(d-1)`.
    """
    rewards, going = payments(table, goal)

    def backup(_, values):
        return jnp.max(rewards + discount * going * values[table.successors], axis=-1)

    return jax.lax.fori_loop(0, num_steps, backup, jnp.zeros(table.terminal.shape))


def soft_policy(
    table: Table,
    goal: Goal,
    inverse_temperature: Float[Array, ""] | float,
    discount: Float[Array, ""] | float,
    *,
    num_steps: int,
    depth: Int[Array, ""] | None = None,
) -> Float[Array, "S A"]:
    """Return the log-probabilities of the soft-optimal policy, `π ∝ exp(β Q)`.

    `Q(s,a) = r(s,a) + γ c(s,a) V(s′)`, `V(s) = β⁻¹ log (1/A) Σ_a exp(β Q(s,a))` (Ziebart
    2010), iterated `num_steps` times from zero. Entropy counts relative to the uniform
    policy, so that ending an episode costs nothing and a goal that has paid leaves the
    agent indifferent. A negative `β` pursues the opposite of the goal; 0 is uniform. With
    a `depth`, which may be traced, only its first `depth` backups are made.
    """
    rewards, going = payments(table, goal)
    indifferent = jnp.equal(inverse_temperature, 0)

    def action_values(values):
        return rewards + discount * going * values[table.successors]

    def backup(_, values):
        each = action_values(values)
        soft = soft_value(jnp.where(indifferent, 1.0, inverse_temperature), each)
        return jnp.where(indifferent, jnp.mean(each, axis=-1), soft)

    begin = jnp.zeros(table.terminal.shape)
    values = jax.lax.fori_loop(0, num_steps, _until(depth, backup), begin)
    return log_choice(inverse_temperature, action_values(values))


def log_choice(
    inverse_temperature: Float[Array, ""] | float, values: Float[Array, "*b A"]
) -> Float[Array, "*b A"]:
    """Return `log π`, `π ∝ exp(β Q)`, finite for the best action however large `β` is."""
    return jax.nn.log_softmax(_scaled(inverse_temperature, values)[0])


def soft_value(
    inverse_temperature: Float[Array, ""] | float, values: Float[Array, "*b A"]
) -> Float[Array, "*b"]:
    """Return `β⁻¹ log (1/A) Σ_a exp(β Q_a)`, finite however large `β` is; it is not 0."""
    scaled, chosen = _scaled(inverse_temperature, values)
    mean = jnp.mean(jnp.expm1(scaled), axis=-1)
    least = 1 / values.shape[-1] - 1  # what is chosen has its share, however it is rounded
    excess = jnp.log1p(jnp.where(mean < least, least, mean))
    return chosen[..., 0] + excess / inverse_temperature


def _scaled(
    inverse_temperature: Float[Array, ""] | float, values: Float[Array, "*b A"]
) -> tuple[Float[Array, "*b A"], Float[Array, "*b 1"]]:
    """Return `β (Q − Q*)`, and `Q*`, the value that is chosen in the end.

    What is chosen is worth 0 before it is scaled: `βQ − βQ*`, once multiplication and
    subtraction are fused, would be what rounding leaves of a large product.
    """
    most, least = (end(values, axis=-1, keepdims=True) for end in (jnp.max, jnp.min))
    chosen = jax.lax.stop_gradient(jnp.where(inverse_temperature < 0, least, most))
    scaled = inverse_temperature * (values - chosen)
    return jnp.where(scaled > 0, 0.0, scaled), chosen


def _until(
    depth: Int[Array, ""] | None,
    backup: Callable[[Int[Array, ""], Float[Array, " S"]], Float[Array, " S"]],
) -> Callable[[Int[Array, ""], Float[Array, " S"]], Float[Array, " S"]]:
    """Return `backup` that changes nothing from step `depth` on, in a loop that is static.

    So one program serves all depths and can be differentiated.
    """
    if depth is None:
        return backup
    return lambda step, values: jnp.where(step < depth, backup(step, values), values)


def greedy(policy: Float[Array, "*b A"]) -> Float[Array, "*b A"]:
    """Return the policy that always takes the most probable action, the first of equals.

    >>> greedy(jnp.array([0.2, 0.4, 0.4]))
    Array([0., 1., 0.], dtype=float32)
    """
    return jax.nn.one_hot(jnp.argmax(policy, axis=-1), policy.shape[-1])


def occupancy(
    table: Table,
    policy: Float[Array, "S A"],
    goal: Goal,
    discount: Float[Array, ""] | float,
    *,
    num_steps: int,
) -> Float[Array, " S"]:
    """Return `Σ_t γᵗ P(s_t = s, the goal can still pay)` for `t < num_steps`.

    `Σ_s d(s) Σ_a π(a|s) r(s,a)` is the expected return (see `evaluate`).
    """
    _, going = payments(table, goal)
    flow = discount * policy * going

    def forward(_, carry):
        total, present = carry
        moved = present[:, None] * flow
        arrived = jnp.zeros_like(present).at[table.successors].add(moved)
        return total + arrived, arrived

    start = jnp.where(table.terminal, 0.0, table.start)
    return jax.lax.fori_loop(0, num_steps - 1, forward, (start, start))[0]


def first_reached(
    table: Table, policy: Float[Array, "S A"], goals: Goal, *, num_steps: int
) -> Float[Array, "S G"]:
    """Return the probability, from every state, that each goal is the first of them to pay.

    `goals` are stacked (see `goals.stack`). A transition on which several of them pay
    counts in equal parts for each; what is missing to 1 is the probability that none pays
    within `num_steps`. For what happens at the start, average with `table.start`.
    """
    rewards, _ = jax.vmap(payments, (None, 0))(table, goals)
    pays = jnp.moveaxis(rewards != 0, 0, -1)
    num_paying = jnp.sum(pays, axis=-1, keepdims=True)
    now = jnp.sum(policy[..., None] * pays / jnp.maximum(num_paying, 1), axis=1)
    going = policy[..., None] * ((num_paying == 0) & ~table.terminal[:, None, None])

    def backup(_, chances):
        return now + jnp.sum(going * chances[table.successors], axis=1)

    return jax.lax.fori_loop(0, num_steps, backup, jnp.zeros_like(now))
