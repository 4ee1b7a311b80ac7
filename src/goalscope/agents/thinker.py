"""An agent that plans while it acts: the longer it has thought, the further it sees."""

from typing import NamedTuple

import equinox as eqx
import jax
from jax import numpy as jnp
from jaxtyping import Array, Float, Int

from goalscope import solve
from goalscope.agents.base import AbstractAgent, Response
from goalscope.agents.planner import state_with
from goalscope.goals import Goal
from goalscope.worlds.base import AbstractSolvableWorld
from goalscope.worlds.fields import check_range, count, real


class Problem(NamedTuple):
    """Of each state: tokens `[S, K]`; of each action: rewards, flows, successors `[S, A]`.

    A flow is 1 where the goal can still pay afterwards, and 0 elsewhere.
    """

    tokens: Int[Array, "*b S K"]
    rewards: Float[Array, "*b S A"]
    flows: Float[Array, "*b S A"]
    successors: Int[Array, "*b S A"]


class Thinker(AbstractAgent[Problem, Float[Array, " S"]]):
    """A soft-optimal planner that does a little of its planning at every call.

    Its memory are its estimates of the values of all states of the level, which begin at
    zero. Each call backs them up `sweeps` times, as `Planner` does, and acts on what it
    has: after `n` calls like a planner of depth `n · sweeps`, wherever it is. Calls before
    the first action are time to think.

    Fields:
        world: what the agent believes about dynamics and features.
        goal: what it plans for.
        inverse_temperature: β > 0, nats per unit of return.
        discount: γ of its own returns, in [0, 1].
        sweeps: backups a call, at most `max_sweeps`.
        max_sweeps: what a call costs, whatever `sweeps` is.
    """

    world: AbstractSolvableWorld
    goal: Goal
    inverse_temperature: Float[Array, "*b"] = eqx.field(converter=real)
    discount: Float[Array, "*b"] = eqx.field(converter=real)
    sweeps: Int[Array, "*b"] = eqx.field(converter=count)
    max_sweeps: int = eqx.field(static=True, default=8)

    def __check_init__(self):
        check_range("sweeps", self.sweeps, 1, self.max_sweeps, remedy="raise max_sweeps")
        check_range("inverse_temperature", self.inverse_temperature, 1e-6)
        check_range("discount", self.discount, 0, 1)

    def embed(self, view: Float[Array, "..."]) -> Problem:
        table = solve.tabulate(self.world, self.world.level_seen(view))
        rewards, flows = solve.payments(table, self.goal)
        return Problem(table.tokens, rewards, flows, table.successors)

    def initial_memory(self) -> Float[Array, " S"]:
        return jnp.zeros(self.world.num_states)

    def __call__(
        self, context: Problem, tokens: Int[Array, " K"], memory: Float[Array, " S"]
    ) -> Response[Float[Array, " S"]]:
        def sweep(step: Int[Array, ""], values: Float[Array, " S"]) -> Float[Array, " S"]:
            each = self._action_values(context, values)
            backed_up = solve.soft_value(self.inverse_temperature, each)
            return jnp.where(step < self.sweeps, backed_up, values)

        values = jax.lax.fori_loop(0, self.max_sweeps, sweep, memory)
        state = state_with(context.tokens, tokens)
        here = self._action_values(context, values)[state]
        logits = solve.log_choice(self.inverse_temperature, here)
        return Response(logits, values[state], values)

    def _action_values(
        self, problem: Problem, values: Float[Array, " S"]
    ) -> Float[Array, "S A"]:
        later = self.discount * problem.flows * values[problem.successors]
        return problem.rewards + later
