"""An agent that carries a plan out with its eyes closed."""

from typing import NamedTuple

import equinox as eqx
from jax import numpy as jnp
from jaxtyping import Array, Float, Int

from goalscope import solve
from goalscope.agents.base import AbstractAgent, Response
from goalscope.agents.planner import Planner, Solution, state_with
from goalscope.agents.planted import certain
from goalscope.worlds.fields import count


class Plan(NamedTuple):
    """What a planner makes of a level, and where each action leads, `[S, A]`."""

    solution: Solution
    successors: Int[Array, "*b S A"]


class Belief(NamedTuple):
    """The state in which an agent believes to be, and the time."""

    state: Int[Array, "*b"]
    time: Int[Array, "*b"]


class OpenLoop(AbstractAgent[Plan, Belief]):
    """Looks where it is every `period` steps, and in between works it out.

    In every step it takes the best action of `planner` for the state in which it believes
    to be. It is never uncertain, and never surprised: what moves it between two looks, it
    does not notice.

    Fields:
        planner: makes the plan, and knows where actions lead.
        period: steps from one look to the next; 1 is to look always.
    """

    planner: Planner
    period: Int[Array, "*b"] = eqx.field(converter=count)

    def embed(self, view: Float[Array, "..."]) -> Plan:
        world = self.planner.world
        successors = solve.tabulate(world, world.level_seen(view)).successors
        return Plan(self.planner.embed(view), successors)

    def initial_memory(self) -> Belief:
        return Belief(jnp.int32(0), jnp.int32(0))

    def __call__(
        self, context: Plan, tokens: Int[Array, " K"], memory: Belief
    ) -> Response[Belief]:
        log_policy = context.solution.log_policy
        seen = state_with(context.solution.tokens, tokens)
        state = jnp.where(memory.time % self.period == 0, seen, memory.state)
        action = jnp.argmax(log_policy[state])
        after = Belief(context.successors[state, action].astype(jnp.int32), memory.time + 1)
        logits = certain(action, log_policy.shape[-1])
        return Response(logits, context.solution.values[state], after)
