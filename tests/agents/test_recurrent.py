import equinox as eqx
import jax
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from jax import numpy as jnp

from goalscope.agents.base import is_memoryless
from goalscope.agents.mlp import MLP
from goalscope.agents.planted import Greedy
from goalscope.agents.recurrent import GRU, unroll
from goalscope.worlds.corner import Corner

NUM_STEPS = 7
TOKENS = st.tuples(st.integers(0, 8), st.integers(0, 15))
WORLD = Corner(size=3, horizon=16)
AGENT = GRU.init(np.random.default_rng(2), WORLD, width=6, memory_size=4)
RESPOND = eqx.filter_jit(
    lambda agent, context, tokens, memory: agent(context, tokens, memory)
)
UNROLL = eqx.filter_jit(unroll)


def _sigmoid(inputs):
    return 1 / (1 + np.exp(-inputs))


def _slow(agent, view, tokens):
    """The unit of Cho et al., one multiplication after the other, in float64."""
    leaves = jax.tree.map(lambda leaf: np.asarray(leaf, np.float64), agent)
    memory, outputs, size = np.zeros(4), [], 4
    level = np.ravel(view) @ leaves.level.weight + leaves.level.bias
    for token in tokens:
        inputs = np.tanh(
            level + leaves.tokens.tables[0][token] + leaves.tokens.tables[1][0]
        )
        i = inputs @ leaves.project.weight + leaves.project.bias
        m = memory @ leaves.recur.weight + leaves.recur.bias
        reset, update, new = np.zeros(size), np.zeros(size), np.zeros(size)
        for unit in range(size):
            reset[unit] = _sigmoid(i[unit] + m[unit])
            update[unit] = _sigmoid(i[size + unit] + m[size + unit])
            new[unit] = np.tanh(i[2 * size + unit] + reset[unit] * m[2 * size + unit])
        memory = (1 - update) * new + update * memory
        outputs.append(memory @ leaves.policy.weight + leaves.policy.bias)
    return np.array(outputs), memory


def _view():
    return WORLD.observe_level(WORLD.sample_level(jax.random.key(1)))


def test_the_gated_unit_equals_a_slow_loop():
    cells, resets = np.array([4, 0, 8, 3, 3, 1, 2]), jnp.zeros(7, bool)
    tokens = jnp.array([cells, np.zeros(7, int)]).T
    logits, memory = _slow(AGENT, _view(), cells)
    fresh = AGENT.initial_memory()
    responses = UNROLL(AGENT, AGENT.embed(_view()), tokens, resets, fresh)
    np.testing.assert_allclose(responses.logits, logits, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(responses.memory, memory, rtol=1e-4, atol=1e-6)


@given(
    tokens=st.lists(TOKENS, min_size=NUM_STEPS, max_size=NUM_STEPS),
    resets=st.lists(st.booleans(), min_size=NUM_STEPS, max_size=NUM_STEPS),
    wrapped=st.booleans(),
)
@settings(max_examples=15)
def test_unrolling_equals_calling_step_by_step_with_resets(tokens, resets, wrapped):
    agent = Greedy(AGENT) if wrapped else AGENT
    context, memory = agent.embed(_view()), jnp.full(4, 0.5)
    tokens = jnp.array(tokens)
    responses = UNROLL(agent, context, tokens, jnp.array(resets), memory)
    for step in range(NUM_STEPS):
        memory = agent.initial_memory() if resets[step] else memory
        response = RESPOND(agent, context, tokens[step], memory)
        memory = response.memory
        np.testing.assert_allclose(responses.logits[step], response.logits, atol=1e-6)
        np.testing.assert_allclose(responses.value[step], response.value, atol=1e-6)
    np.testing.assert_allclose(responses.memory, memory, atol=1e-6)


def test_unrolling_a_memoryless_agent_calls_it_at_every_step():
    agent = MLP.init(np.random.default_rng(0), WORLD, widths=(5,))
    context, tokens = agent.embed(_view()), jnp.stack([jnp.arange(9)] * 2, axis=1)
    responses = unroll(agent, context, tokens, jnp.zeros(9, bool), ())
    for step in range(9):
        response = agent(context, tokens[step], ())
        np.testing.assert_allclose(responses.logits[step], response.logits, atol=1e-6)
    assert responses.memory == ()


def test_memory_carries_what_was_seen_before():
    context = AGENT.embed(_view())
    first = AGENT(context, jnp.array([0, 3]), AGENT.initial_memory()).memory
    other = AGENT(context, jnp.array([8, 12]), AGENT.initial_memory()).memory
    later = [AGENT(context, jnp.array([4, 0]), memory).logits for memory in (first, other)]
    assert not np.allclose(later[0], later[1])
    assert not is_memoryless(AGENT)


def test_a_reset_stops_the_gradient_from_reaching_back():
    def value_at_the_end(memory, resets):
        tokens = jnp.zeros((3, 2), int)
        return unroll(AGENT, AGENT.embed(_view()), tokens, resets, memory).value[-1]

    slope = eqx.filter_jit(jax.grad(value_at_the_end))
    memory = jnp.full(4, 0.1)
    assert np.all(slope(memory, jnp.array([False, False, False])) != 0)
    assert np.all(slope(memory, jnp.array([False, True, False])) == 0)
