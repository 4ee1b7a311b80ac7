"""What holds for all agents, and what `check_agent` refuses."""

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp
from jax.core import Tracer

from goalscope import solve
from goalscope.agents import planted
from goalscope.agents.base import AbstractAgent, Response
from goalscope.agents.conv import Conv
from goalscope.agents.lookup import LookupTable
from goalscope.agents.mlp import MLP
from goalscope.agents.planner import Planner
from goalscope.agents.recurrent import GRU, unroll
from goalscope.testing import check_agent
from goalscope.worlds.keys import Keys

TRAINABLE = {
    "mlp": lambda rng, world: MLP.init(rng, world, widths=(6, 5)),
    "conv": lambda rng, world: Conv.init(rng, world, channels=(3, 2), width=5),
    "gru": lambda rng, world: GRU.init(rng, world, width=6, memory_size=4),
    "lookup": LookupTable.init,
}
PLANTED = {
    "planner": lambda _, world: Planner.init(
        _, world, feature="cheese", inverse_temperature=3.0, depth=16
    ),
    "greedy": lambda rng, world: planted.Greedy(
        GRU.init(rng, world, width=6, memory_size=4)
    ),
    "uniform": planted.uniform,
    "action_biased": planted.action_biased,
    "random_deterministic": planted.RandomDeterministic.init,
    "imitator": lambda rng, world: planted.imitator(
        rng, world, feature="cheese", num_levels=8
    ),
}


@pytest.mark.parametrize("name", [*TRAINABLE, *PLANTED])
def test_the_agent_keeps_the_contract(name, rng, world):
    agent = (TRAINABLE | PLANTED)[name](rng, world)
    check_agent(agent, world, key=jax.random.key(0))


@pytest.fixture(scope="module")
def keys_world():
    """A world with several state tokens."""
    return Keys(few=1, many=1, max_objects=1, size=3, horizon=16)


@pytest.mark.parametrize("name", ["mlp", "conv", "lookup"])
def test_the_agent_reads_several_tokens(name, rng, keys_world):
    check_agent(TRAINABLE[name](rng, keys_world), keys_world, key=jax.random.key(0))


@pytest.mark.parametrize("name", TRAINABLE)
def test_gradients_reach_every_parameter(name, rng, keys_world):
    agent = TRAINABLE[name](rng, keys_world)
    tabulate = eqx.filter_jit(solve.tabulate)
    table = tabulate(keys_world, keys_world.sample_level(jax.random.key(0)))

    def loss(agent):
        fresh, resets = agent.initial_memory(), jnp.zeros(len(table.tokens), bool)
        responses = unroll(agent, agent.embed(table.view), table.tokens, resets, fresh)
        targets = jnp.sin(jnp.arange(responses.logits.size).reshape(-1, 4))
        return jnp.sum(responses.logits * targets) + jnp.sum(responses.value)

    gradient = eqx.filter_jit(eqx.filter_grad(loss))(agent)
    for path, leaf in jax.tree.leaves_with_path(gradient):
        assert np.all(np.isfinite(leaf)), path
        assert np.any(leaf != 0), path
    assert len(jax.tree.leaves(gradient)) == len(jax.tree.leaves(agent))


class _Faulty(AbstractAgent[tuple[()], jax.Array]):
    """An agent with one fault."""

    fault: str = eqx.field(static=True)
    scale: jax.Array | None

    def embed(self, view):
        return ()

    def initial_memory(self):
        return jnp.zeros(2)

    def __call__(self, context, tokens, memory):
        logits = jnp.zeros(3 if self.fault == "actions" else 4)
        if self.fault == "infinite":
            logits = logits.at[0].set(-jnp.inf)
        if self.fault == "compiled" and isinstance(tokens, Tracer):
            logits = logits + 1
        if self.fault == "chance":
            shape = jax.ShapeDtypeStruct((4,), jnp.float32)
            logits = jax.pure_callback(lambda: GENERATOR.random(4, np.float32), shape)
        memory = memory[:1] if self.fault == "memory" else memory
        return Response(logits, jnp.zeros(()), memory)


GENERATOR = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("actions", "logits have shape"),
        ("infinite", "not finite"),
        ("compiled", "compiled agent responds differently"),
        ("chance", "two different responses"),
        ("memory", "memory starts as"),
        ("stack", "cannot be stacked"),
    ],
)
def test_a_faulty_agent_is_found_out(fault, reason, world):
    agent = _Faulty(fault, None if fault == "stack" else jnp.ones(()))
    with pytest.raises(AssertionError, match=reason):
        check_agent(agent, world, key=jax.random.key(0))


def test_an_agent_without_fault_passes(world):
    check_agent(_Faulty("none", jnp.ones(())), world, key=jax.random.key(0))
