"""Agents that act against an instrument: they hide their goal, or what they do by it."""

import equinox as eqx
import jax
from jax import numpy as jnp
from jaxtyping import Array, Float, Int

from goalscope import solve
from goalscope.agents.base import AbstractAgent, Context, Memory, Response
from goalscope.agents.planner import Planner, Solution
from goalscope.worlds.fields import real


class Evasive(AbstractAgent[Solution, tuple[()]]):
    """Pursues its goal and leaves as little evidence of it as that allows.

    Its reward is `r(s,a) − λ max(log A π_g(a|s), −c)`, where `π_g` is the policy by which
    the goal would be recognised, `A` the number of actions, and `log A π_g` the log
    likelihood ratio of the action, goal against chance. In each level it is worked out
    which policy has the most of it, with the entropy of `planner`: what gradient ascent on
    return minus `λ` times the expected evidence converges to, over all policies of states.
    At `λ = 0` it is `planner`.

    Fields:
        planner: its goal, temperature and discount.
        penalty: λ, return per nat of evidence.
        watched: inverse temperature of `π_g`.
        credit: c ≥ 0, nats that an action against the goal can earn at most.
    """

    planner: Planner
    penalty: Float[Array, "*b"] = eqx.field(converter=real)
    watched: Float[Array, "*b"] = eqx.field(converter=real)
    credit: Float[Array, "*b"] = eqx.field(converter=real)

    def embed(self, view: Float[Array, "..."]) -> Solution:
        own = self.planner
        table = solve.tabulate(own.world, own.world.level_seen(view))
        rewards, going = solve.payments(table, own.goal)
        seen = solve.soft_policy(
            table, own.goal, self.watched, own.discount, num_steps=own.world.horizon
        )
        evidence = jnp.maximum(seen + jnp.log(seen.shape[-1]), -self.credit)
        counted = jnp.where(table.terminal[:, None], 0.0, evidence)
        ahead, beta = own.discount * going, own.inverse_temperature

        def action_values(values: Float[Array, " S"]) -> Float[Array, "S A"]:
            later = ahead * values[table.successors]
            return rewards - self.penalty * counted + later

        def backup(_: Int[Array, ""], values: Float[Array, " S"]) -> Float[Array, " S"]:
            return solve.soft_value(beta, action_values(values))

        begin = jnp.zeros(table.terminal.shape)
        values = jax.lax.fori_loop(0, own.world.horizon, backup, begin)
        log_policy = solve.log_choice(beta, action_values(values))
        return Solution(table.tokens, log_policy, values)

    def initial_memory(self) -> tuple[()]:
        return ()

    def __call__(
        self, context: Solution, tokens: Int[Array, " K"], memory: tuple[()]
    ) -> Response[tuple[()]]:
        return self.planner(context, tokens, memory)


class Tempered(AbstractAgent[Context, Memory]):
    """Acts as `agent` does, with its preferences multiplied with a factor everywhere.

    Fields:
        agent: whose goal it has.
        factor: below 1 for more chance; the inverse of a temperature.
    """

    agent: AbstractAgent[Context, Memory]
    factor: Float[Array, "*b"] = eqx.field(converter=real)

    def embed(self, view: Float[Array, "..."]) -> Context:
        return self.agent.embed(view)

    def initial_memory(self) -> Memory:
        return self.agent.initial_memory()

    def __call__(
        self, context: Context, tokens: Int[Array, " K"], memory: Memory
    ) -> Response[Memory]:
        answer = self.agent(context, tokens, memory)
        return Response(answer.logits * self.factor, answer.value, answer.memory)
