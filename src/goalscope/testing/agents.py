"""What every agent must satisfy."""

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float, Int, Key

from goalscope.agents.base import AbstractAgent, Response
from goalscope.describe import form
from goalscope.testing.compare import TOLERANCE, require, same
from goalscope.worlds.base import AbstractWorld

NUM_OBSERVATIONS = 4


def check_agent(agent: AbstractAgent, world: AbstractWorld, *, key: Key[Array, ""]) -> None:
    """Raise `AssertionError` with a reason unless `agent` is a well-behaved agent.

    Responses to observations of `world` have the promised shapes and finite numbers; memory
    keeps its structure; the same observation gets the same response; and compiling,
    batching over observations and stacking agents do not change it. Consumes `key`.
    """
    views, tokens = _observations(key, world)
    _check_shapes(agent, world, views[0], tokens[0])
    alone = eqx.filter_jit(_respond)
    responses = [alone(agent, views[i], tokens[i]) for i in range(NUM_OBSERVATIONS)]
    expected = jax.tree.map(lambda *leaves: jnp.stack(leaves), *responses)
    again = [alone(agent, views[i], tokens[i]) for i in range(NUM_OBSERVATIONS)]
    require(
        all(same(one, other, 0.0) for one, other in zip(responses, again, strict=True)),
        "the same observation got two different responses",
    )
    require(
        all(np.all(np.isfinite(leaf)) for leaf in (expected.logits, expected.value)),
        "logits or values are not finite; use a large negative number for -inf",
    )
    require(
        same(_respond(agent, views[0], tokens[0]), responses[0], TOLERANCE),
        "the compiled agent responds differently from the uncompiled one",
    )
    batched = eqx.filter_jit(jax.vmap(_respond, (None, 0, 0)))(agent, views, tokens)
    require(
        same(batched, expected, TOLERANCE),
        "the response to a batch differs from the responses to its members",
    )
    _check_stacked(agent, views[0], tokens[0], responses[0])


def _observations(
    key: Key[Array, ""], world: AbstractWorld
) -> tuple[Float[Array, "B ..."], Int[Array, "B K"]]:
    """Return the first observations of episodes after a random number of random steps."""

    def observe(key):
        k_level, k_steps = jax.random.split(key)
        level = world.sample_level(k_level)

        def step(state, key):
            k_act, k_env = jax.random.split(key)
            action = jax.random.randint(k_act, (), 0, world.num_actions)
            return world.step(k_env, level, state, action), None

        keys = jax.random.split(k_steps, 3)
        state, _ = jax.lax.scan(step, world.reset(level), keys)
        return world.observe_level(level), world.observe_state(level, state)

    return eqx.filter_jit(jax.vmap(observe))(jax.random.split(key, NUM_OBSERVATIONS))


def _respond(
    agent: AbstractAgent, view: Float[Array, "..."], tokens: Int[Array, " K"]
) -> Response:
    """Return the second response of an episode in which the agent sees the same twice."""
    context = agent.embed(view)
    first = agent(context, tokens, agent.initial_memory())
    return agent(context, tokens, first.memory)


def _check_shapes(
    agent: AbstractAgent,
    world: AbstractWorld,
    view: Float[Array, "..."],
    tokens: Int[Array, " K"],
) -> None:
    def parts(agent):
        start = agent.initial_memory()
        response = agent(agent.embed(view), tokens, start)
        return start, response

    start, response = eqx.filter_eval_shape(parts, agent)
    wanted = (world.num_actions,)
    require(
        response.logits.shape == wanted,
        f"logits have shape {response.logits.shape}; the world has actions {wanted}",
    )
    require(
        response.value.shape == (), f"the value has shape {response.value.shape}, not ()"
    )
    require(
        form(start) == form(response.memory),
        f"memory starts as {form(start)} and comes back as {form(response.memory)}",
    )


def _check_stacked(
    agent: AbstractAgent,
    view: Float[Array, "..."],
    tokens: Int[Array, " K"],
    expected: Response,
) -> None:
    """Check two stacked agents: contexts made in one call, responses in another."""
    stacked = jax.tree.map(
        lambda leaf: jnp.stack([leaf, leaf]) if eqx.is_array(leaf) else leaf, agent
    )
    require(
        bool(jax.tree.leaves(eqx.filter(agent, eqx.is_array))),
        "an agent without any array cannot be stacked into a population",
    )
    per_agent = eqx.if_array(0)

    @eqx.filter_jit
    def embed_then_respond(agents):
        contexts = eqx.filter_vmap(lambda agent: agent.embed(view))(agents)
        memories = eqx.filter_vmap(lambda agent: agent.initial_memory())(agents)

        def respond(agent, context, memory):
            first = agent(context, tokens, memory)
            return agent(context, tokens, first.memory)

        batched = eqx.filter_vmap(respond, in_axes=per_agent)
        return batched(agents, contexts, memories)

    responses = embed_then_respond(stacked)
    for index in range(2):
        one = jax.tree.map(lambda leaf, index=index: leaf[index], responses)
        require(
            same(one, expected, TOLERANCE),
            "an agent in a stack responds differently from the same agent alone",
        )
