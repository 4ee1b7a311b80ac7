import equinox as eqx
import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jax import numpy as jnp
from tests.training.gradients import first_gradient

from goalscope.agents.mlp import MLP
from goalscope.agents.recurrent import GRU
from goalscope.goals import reach
from goalscope.population import agent_keys, build
from goalscope.rollout import collect
from goalscope.training.base import Learner, advance
from goalscope.training.ppo import PPO, Batch
from goalscope.worlds.corner import Corner

WORLD = Corner(size=3, horizon=8)
GOAL = reach(WORLD, "cheese")
TRAINER = PPO(num_environments=4, num_steps=8, num_epochs=2, num_minibatches=2)
NUM_AGENTS = 4


def perceptron(rng, world):
    return MLP.init(rng, world, widths=(8,))


def recurrent(rng, world):
    return GRU.init(rng, world, width=8, memory_size=8)


AGENTS = build(0, np.arange(NUM_AGENTS), perceptron, WORLD)
KEYS = agent_keys(0, np.arange(NUM_AGENTS))
TRACES = []


@eqx.filter_jit
def start(agents, trainer):
    optimisers = eqx.filter_vmap(trainer.init)(agents)
    return Learner(agents, optimisers, jnp.full(NUM_AGENTS, -1, jnp.int32))


@eqx.filter_jit
def train(keys, learners, trainer, rates, span):
    """Return learners and metrics; the learning rate is each agent's own."""
    TRACES.append(span)
    arrays, static = eqx.partition(learners, eqx.is_array)

    def one(key, arrays, rate):
        rule = eqx.tree_at(lambda tree: tree.learning_rate, trainer, rate)
        learner = eqx.combine(arrays, static)
        learner, metrics = advance(key, learner, rule, WORLD, GOAL, span)
        return eqx.filter(learner, eqx.is_array), metrics

    arrays, metrics = jax.vmap(one)(keys, arrays, rates)
    return eqx.combine(arrays, static), metrics


def run(*, keys=KEYS, agents=AGENTS, trainer=TRAINER, rates=(1e-2,) * 4, spans=((0, 4),)):
    learners, metrics = start(agents, trainer), {}
    for first, last in spans:
        span = (jnp.int32(first), jnp.int32(last))
        learners, metrics = train(keys, learners, trainer, jnp.array(rates), span)
    return learners, metrics


def bits(learners, row):
    arrays = jax.tree.leaves(eqx.filter(learners, eqx.is_array))
    return [np.asarray(leaf)[row].tobytes() for leaf in arrays]


def test_any_split_of_a_run_gives_the_same_bits():
    whole, _ = run()
    parts, _ = run(spans=((0, 1), (1, 1), (1, 4)))
    assert bits(whole, 2) == bits(parts, 2)


def test_an_order_of_agents_orders_the_results_and_changes_no_bit():
    order = np.array([2, 0, 3, 1])
    agents = jax.tree.map(lambda leaf: leaf[order] if eqx.is_array(leaf) else leaf, AGENTS)
    straight, _ = run()
    permuted, _ = run(keys=KEYS[order], agents=agents)
    assert all(bits(straight, old) == bits(permuted, new) for new, old in enumerate(order))


def test_an_agent_that_diverges_is_frozen_marked_and_alone():
    healthy, _ = run()
    broken, metrics = run(rates=(1e-2, np.inf, 1e-2, 1e-2))
    assert broken.diverged_at.tolist() == [-1, 0, -1, -1]
    assert all(bits(healthy, row) == bits(broken, row) for row in (0, 2, 3))
    agents = start(AGENTS, TRAINER).agent
    assert bits(agents, 1) == bits(broken.agent, 1)
    assert np.isnan(metrics["entropy"]).tolist() == [False, True, False, False]


def test_different_rates_share_one_program():
    run()
    before = len(TRACES)
    other = PPO(
        discount=0.5,
        trace=0.1,
        clip=0.3,
        entropy=0.2,
        value_weight=1.0,
        max_norm=9.0,
        num_environments=4,
        num_steps=8,
        num_epochs=2,
        num_minibatches=2,
    )
    run(trainer=other, rates=(1e-3, 1e-4, 1e-5, 1e-6), spans=((0, 7),))
    assert len(TRACES) == before


@eqx.filter_jit
def update(agent, trainer):
    """Return levels, batch, optimiser and metrics, and metrics of the whole batch."""
    levels = jax.vmap(WORLD.sample_level)(jax.random.split(jax.random.key(0), 4))
    seen = collect(jax.random.key(1), agent, WORLD, GOAL, levels, num_steps=8)
    batch, optimiser = trainer.prepare(seen), trainer.init(agent)
    _, optimiser, metrics = trainer.learn(
        jax.random.key(2), agent, optimiser, seen.views, batch
    )
    whole = trainer.loss(agent, seen.views, batch)[1]
    return levels, batch, optimiser, metrics, whole


def test_the_first_update_descends_the_policy_gradient():
    agent = perceptron(np.random.default_rng(0), WORLD)
    trainer = PPO(
        entropy=0.0,
        value_weight=0.0,
        max_norm=jnp.inf,
        num_environments=4,
        num_steps=8,
        num_epochs=1,
        num_minibatches=1,
    )
    levels, batch, optimiser, metrics, _ = update(agent, trainer)
    advantages = np.asarray(batch.advantages)
    advantages = (advantages - advantages.mean()) / advantages.std()

    def actor_critic(agent):
        """Return minus the mean of `A log π`, step by step."""

        def one(level, tokens, action):
            context = agent.embed(WORLD.observe_level(level))
            return jax.nn.log_softmax(agent(context, tokens, ()).logits)[action]

        over_levels = jax.vmap(one)
        over_times = jax.vmap(over_levels, (None, 0, 0))
        return -jnp.mean(advantages * over_times(levels, batch.tokens, batch.actions))

    expected = jax.tree.leaves(eqx.filter_jit(eqx.filter_grad(actor_critic))(agent))
    found = jax.tree.leaves(first_gradient(optimiser))
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=1e-6)
    assert float(metrics["approximate_kl"]) == pytest.approx(0.0, abs=1e-6)
    assert float(metrics["clip_share"]) == 0.0


def slow_loss(trainer, logits, values, batch):
    """Return the loss of a batch, step by step, in double precision."""
    rates = (trainer.clip, trainer.value_weight, trainer.entropy)
    clip, value_weight, entropy_weight = (float(rate) for rate in rates)
    advantages = np.asarray(batch.advantages, float)
    mean, deviation = advantages.mean(), advantages.std()
    total = 0.0
    for index in np.ndindex(advantages.shape):
        policy = np.exp(logits[index] - logits[index].max())
        policy /= policy.sum()
        ratio = policy[batch.actions[index]] / np.exp(batch.log_probs[index])
        advantage = (advantages[index] - mean) / deviation
        total -= min(ratio * advantage, np.clip(ratio, 1 - clip, 1 + clip) * advantage)
        old, target = float(batch.values[index]), float(batch.targets[index])
        near = np.clip(values[index], old - clip, old + clip)
        total += value_weight / 2 * max((values[index] - target) ** 2, (near - target) ** 2)
        total += entropy_weight * (policy * np.log(policy)).sum()
    return total / advantages.size


@given(st.integers(0, 2**32 - 1))
def test_the_loss_is_what_its_definition_says(seed):
    rng = np.random.default_rng(seed)
    agent = perceptron(rng, WORLD)
    agent = eqx.tree_at(lambda a: a.policy.weight, agent, replace_fn=lambda w: 100 * w)
    cells = rng.integers(0, 9, (3, 2, len(WORLD.token_sizes)))
    numbers = jnp.asarray(rng.normal(size=(4, 3, 2)), jnp.float32)
    batch = Batch(
        jnp.asarray(cells),
        jnp.asarray(rng.integers(0, 4, (3, 2))),
        -jnp.abs(numbers[0]),
        numbers[1],
        numbers[2],
        numbers[3],
        jnp.zeros((3, 2), bool),
    )
    views = jnp.asarray(rng.integers(0, 2, (2, 2, 3, 3)), jnp.float32)
    trainer = PPO(clip=0.3, entropy=0.1, value_weight=0.7)
    loss, logits, values = compiled_loss(agent, trainer, views, batch)
    expected = slow_loss(trainer, np.asarray(logits, float), np.asarray(values), batch)
    assert float(loss) == pytest.approx(expected, rel=1e-3, abs=1e-4)


@eqx.filter_jit
def compiled_loss(agent, trainer, views, batch):
    """Return the loss, and logits and values by calling the agent step by step."""
    contexts = jax.vmap(agent.embed)(views)
    respond = jax.vmap(jax.vmap(agent, (0, 0, None)), (None, 0, None))
    response = respond(contexts, batch.tokens, ())
    return trainer.loss(agent, views, batch)[0], response.logits, response.value


@pytest.mark.parametrize("make", [perceptron, recurrent])
def test_a_pass_uses_every_step_once(make):
    agent = make(np.random.default_rng(0), WORLD)
    still = PPO(
        learning_rate=0.0,
        num_environments=4,
        num_steps=8,
        num_epochs=1,
        num_minibatches=4,
    )
    *_, parted, whole = update(agent, still)
    for name in ("entropy", "value_loss", "clip_share"):
        assert float(parted[name]) == pytest.approx(float(whole[name]), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"num_environments": 12}, "num_environments=12: must be a power of two"),
        ({"num_steps": 0}, "num_steps=0: must be a power of two"),
        ({"num_environments": 2, "num_minibatches": 4}, "must be at most 2"),
        ({"num_epochs": 0}, "num_epochs=0: must be at least 1"),
    ],
)
def test_impossible_sizes_are_refused_at_construction(sizes, message):
    with pytest.raises(ValueError, match=message):
        PPO(**sizes)


@pytest.mark.parametrize("sizes", [(1, 1, 1), (4, 4, 4), (2, 2, 2)])
def test_a_minibatch_of_one_step_is_refused(sizes):
    environments, steps, parts = sizes
    make = {"num_environments": environments, "num_steps": steps, "num_minibatches": parts}
    if environments * steps >= 2 * parts:
        assert PPO(**make).steps_per_update == environments * steps
        return
    with pytest.raises(ValueError, match="at least 2 are needed"):
        PPO(**make)
