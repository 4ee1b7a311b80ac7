import equinox as eqx
import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jax import numpy as jnp

from goalscope import solve
from goalscope.agents.base import AbstractAgent, Response
from goalscope.agents.mlp import MLP
from goalscope.agents.planted import IMPOSSIBLE, certain, uniform
from goalscope.goals import collect as collect_goal
from goalscope.goals import reach
from goalscope.rollout import choose, collect, log_probability, rollout
from goalscope.worlds.corner import Corner

UP, LEFT, DOWN, RIGHT = range(4)
WORLD = Corner(size=3, horizon=8)
ONE_LEVEL = WORLD.parse_level("#####\n#*..#\n#..@#\n#...#\n#####")


class Scripted(AbstractAgent[tuple[()], jax.Array]):
    """Takes its actions one by one, then the last for ever; the value is the time."""

    actions: jax.Array

    def embed(self, view):
        return ()

    def initial_memory(self):
        return jnp.int32(0)

    def __call__(self, context, tokens, memory):
        action = self.actions[jnp.minimum(memory, len(self.actions) - 1)]
        return Response(certain(action, 4), memory.astype(jnp.float32), memory + 1)


def scripted(*actions):
    return Scripted(jnp.array(actions, jnp.int32))


def play(*actions, **options):
    return rollout(jax.random.key(0), scripted(*actions), WORLD, ONE_LEVEL, **options)


def gather(agent, goal, num_steps=8, world=WORLD, level=ONE_LEVEL):
    levels = jax.tree.map(lambda leaf: jnp.stack([leaf] * 2), level)
    return collect(jax.random.key(0), agent, world, goal, levels, num_steps=num_steps)


def test_a_scripted_episode_is_what_the_script_says():
    episode = play(UP, LEFT, LEFT, UP)
    assert episode.states.tolist()[:4] == [5, 2, 1, 0]
    assert episode.tokens[:3, 0].tolist() == [5, 2, 1]
    assert episode.actions[:3].tolist() == [UP, LEFT, LEFT]
    assert episode.happened.tolist() == [True] * 3 + [False] * 5
    assert episode.terminal.tolist() == [False, False, True] + [False] * 5
    assert not episode.cut.any()
    assert episode.features[:, 0].tolist() == [0, 0, 1, 0, 0, 0, 0, 0]
    assert episode.values[:3].tolist() == [0, 1, 2]
    assert float(reach(WORLD, "cheese").returns(episode.features)) == 1


def test_an_episode_is_cut_at_the_horizon_and_padded_after_it():
    episode = play(DOWN, num_steps=10)
    assert episode.happened.tolist() == [True] * 8 + [False] * 2
    assert episode.cut.tolist() == [False] * 7 + [True] + [False] * 2
    assert episode.features[:8, 3].tolist() == [1] * 8
    assert episode.features[8:, 3].tolist() == [0, 0]


def test_an_episode_is_cut_after_the_steps_that_were_asked_for():
    assert play(DOWN, num_steps=3).cut.tolist() == [False, False, True]


def test_an_episode_that_begins_at_its_end_has_no_steps():
    level = ONE_LEVEL._replace(start=ONE_LEVEL.cheese)
    episode = rollout(jax.random.key(0), scripted(UP), WORLD, level)
    assert not episode.happened.any()
    assert not episode.features.any()


def test_an_unknown_policy_is_refused():
    with pytest.raises(ValueError, match="choose one of sampled, greedy"):
        play(UP, policy="random")


def test_the_greedy_policy_takes_the_most_probable_action():
    agent = MLP.init(np.random.default_rng(0), WORLD, widths=(8,))
    episode = rollout(jax.random.key(1), agent, WORLD, ONE_LEVEL, policy="greedy")
    policy = solve.policy_of(agent, solve.tabulate(WORLD, ONE_LEVEL))
    assert episode.actions.tolist() == jnp.argmax(policy, -1)[episode.states].tolist()


@given(
    st.integers(0, 2**24 - 1),
    st.lists(st.floats(-20, 20, width=32), min_size=1, max_size=6),
)
def test_choosing_inverts_the_cumulative_distribution(bits, preferences):
    uniform, logits = np.float32(bits / 2**24), np.float32(preferences)
    weights = np.exp(logits.astype(float) - logits.max())
    cumulative = np.cumsum(weights) / weights.sum()
    action = int(choose(jnp.asarray(uniform), jnp.asarray(logits)))
    below = cumulative[action - 1] if action else 0.0
    assert below - 1e-5 <= uniform <= cumulative[action] + 1e-5


@pytest.mark.parametrize("uniform", [0.0, 0.5, 1 - 2.0**-24])
def test_an_impossible_action_is_never_chosen(uniform):
    for possible in range(4):
        logits = jnp.where(jnp.arange(4) == possible, 0.1, IMPOSSIBLE)
        assert int(choose(jnp.float32(uniform), logits)) == possible


def test_log_probabilities_are_those_of_a_softmax():
    logits = jax.random.normal(jax.random.key(0), (5, 4))
    actions = jnp.array([0, 3, 1, 2, 0])
    expected = jnp.log(jax.nn.softmax(logits))[jnp.arange(5), actions]
    np.testing.assert_allclose(log_probability(logits, actions), expected, rtol=1e-5)


def test_episodes_visit_states_as_often_as_the_exact_occupancy_says():
    agent = MLP.init(np.random.default_rng(2), WORLD, widths=(8,))
    agent = eqx.tree_at(lambda a: a.policy.weight, agent, replace_fn=lambda w: 100 * w)
    table = solve.tabulate(WORLD, ONE_LEVEL)
    table = eqx.tree_at(lambda t: t.start, table, jnp.eye(9)[int(ONE_LEVEL.start)])
    goal = reach(WORLD, "cheese")
    policy = solve.policy_of(agent, table)
    exact = solve.occupancy(table, policy, goal, 1.0, num_steps=8)
    keys = jax.random.split(jax.random.key(7), 4096)
    run = eqx.filter_jit(jax.vmap(lambda key: rollout(key, agent, WORLD, ONE_LEVEL)))
    episodes = run(keys)
    states, happened = np.asarray(episodes.states), np.asarray(episodes.happened)
    per_episode = ((states[..., None] == np.arange(9)) & happened[..., None]).sum(1)
    error = per_episode.std(0) / np.sqrt(len(keys)) + 1e-9
    assert np.max(np.abs(per_episode.mean(0) - exact) / error) < 5


def test_an_episode_that_ends_starts_again_in_the_same_level():
    steps = gather(scripted(UP, LEFT, LEFT), reach(WORLD, "cheese")).trajectory
    assert steps.states[:, 1].tolist() == [5, 2, 1, 5, 2, 1, 5, 2]
    assert steps.values[:, 0].tolist() == [0, 1, 2, 0, 1, 2, 0, 1]
    assert steps.terminal[:, 0].tolist() == [False, False, True] * 2 + [False] * 2
    assert steps.cut[:, 0].tolist() == [False] * 7 + [True]


def test_the_value_after_the_last_step_is_the_agents():
    experience = gather(scripted(UP, LEFT, LEFT), reach(WORLD, "cheese"))
    assert experience.last_values.tolist() == [2, 2]


def test_a_goal_that_pays_once_ends_the_episode_when_it_pays():
    script = scripted(DOWN, UP)
    once = gather(script, reach(WORLD, "far_corner"))
    assert once.trajectory.states[:, 0].tolist() == [5] * 8
    assert once.rewards[:, 0].tolist() == [1] * 8
    every = gather(script, collect_goal(WORLD, "far_corner"))
    assert every.trajectory.states[:4, 0].tolist() == [5, 8, 5, 2]
    assert every.rewards[:4, 0].tolist() == [1, 0, 0, 0]


def test_more_steps_than_the_horizon_are_refused_with_a_remedy():
    with pytest.raises(ValueError, match="more environments"):
        gather(scripted(UP), reach(WORLD, "cheese"), num_steps=9)


def test_one_environment_does_not_depend_on_the_others():
    agent = uniform(np.random.default_rng(0), WORLD)
    goal = reach(WORLD, "cheese")
    other = WORLD.parse_level("#####\n#*..#\n#...#\n#@..#\n#####")
    levels = jax.tree.map(lambda *leaves: jnp.stack(leaves), ONE_LEVEL, other)
    changed = jax.tree.map(lambda *leaves: jnp.stack(leaves), ONE_LEVEL, ONE_LEVEL)
    run = eqx.filter_jit(
        lambda levels: collect(jax.random.key(3), agent, WORLD, goal, levels, num_steps=8)
    )
    first, second = run(levels).trajectory.states, run(changed).trajectory.states
    assert first[:, 0].tolist() == second[:, 0].tolist()
    assert first[:, 1].tolist() != second[:, 1].tolist()
