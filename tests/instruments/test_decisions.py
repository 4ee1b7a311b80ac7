import equinox as eqx
import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jax import numpy as jnp

from goalscope.goals import stack
from goalscope.instruments import decisions as module
from goalscope.instruments.decisions import decide, first_visits, play, policies_of, watch

NUM_STEPS = 20


@given(st.lists(st.integers(0, 5), min_size=12, max_size=12))
def test_a_first_visit_is_one_that_no_earlier_step_made(states):
    expected = [state not in states[:step] for step, state in enumerate(states)]
    assert first_visits(jnp.array(states)).tolist() == expected


@eqx.filter_jit
def _decisions(agent, world, sheet, goals):
    def one(key, level):
        return decide(key, agent, world, level, stack(goals), num_steps=NUM_STEPS)

    return jax.vmap(one)(jax.random.split(jax.random.key(1), 12), sheet.levels)


def test_what_is_done_against_a_wall_counts_once(world, sheet, goals, agent):
    decisions = _decisions(agent("always up"), world, sheet, goals)
    for states, counted in zip(decisions.states, decisions.counted, strict=True):
        steps = len(np.unique(states[np.asarray(counted)]))
        assert counted.sum() == steps <= world.size
    assert jnp.all(decisions.actions == 0)


def test_nothing_counts_after_a_candidate_has_paid(world, sheet, goals, agent):
    decisions = _decisions(agent("cheese", 8.0), world, sheet, goals)
    ended = 0
    for level in range(12):
        table = jax.tree.map(lambda leaf, level=level: leaf[level], sheet.tables)
        seen, over = set(), False
        steps = zip(
            decisions.states[level], decisions.actions[level], decisions.counted[level],
            strict=True,
        )  # fmt: skip
        for state, action, counted in steps:
            assert bool(counted) == (int(state) not in seen and not over)
            seen.add(int(state))
            over |= bool(jnp.any(table.features[state, action, :2] != 0))
        ended += over
    assert ended >= 8


@eqx.filter_jit
def _rates(agent, world, sheet, goals):
    both = agent, world, sheet, stack(goals)
    known = {"policies": policies_of(agent, sheet), "num_decisions": NUM_STEPS}
    return watch(jax.random.key(0), *both, **known), known["policies"]


def _slow_chances(table, policy, goals):
    """Absorb whoever comes to a state, walk the rest on: one state after the other."""
    pays = np.asarray(table.features)[..., [0, 1]].any(axis=-1)
    on = policy * ~(pays | np.asarray(table.terminal)[table.successors])
    chances = np.zeros(len(policy))
    for state in range(len(policy)):
        here = np.where(table.terminal, 0.0, table.start)
        chances[state], here[state] = here[state], 0.0
        for _ in range(NUM_STEPS - 1):
            there = np.zeros_like(here)
            np.add.at(there, np.asarray(table.successors), here[:, None] * on)
            chances[state] += there[state]
            there[state] = 0.0
            here = there
    return chances


@pytest.mark.parametrize("kind", ["cheese", "up and left", "random"])
def test_rates_are_the_chance_of_coming_to_a_state_times_the_policy(
    world, sheet, goals, agent, kind
):
    rates, policies = _rates(agent(kind, 4.0), world, sheet, goals)
    for level in range(3):
        table = jax.tree.map(lambda leaf, level=level: leaf[level], sheet.tables)
        chances = _slow_chances(table, np.asarray(policies[level]), goals)
        expected = chances[:, None] * np.asarray(policies[level])
        np.testing.assert_allclose(rates.taken[level], expected, atol=1e-5)


def test_where_there_are_too_many_states_visits_are_counted_up_to_one(
    world, sheet, goals, agent, monkeypatch
):
    exact, _ = _rates(agent("cheese", 64.0), world, sheet, goals)
    monkeypatch.setattr(module, "MAX_STATES", 4)
    jax.clear_caches()
    counted, _ = _rates(agent("cheese", 64.0), world, sheet, goals)
    assert jnp.all(counted.taken >= exact.taken - 1e-5)
    np.testing.assert_allclose(counted.taken, exact.taken, atol=0.05)


def test_an_agent_with_memory_plays(world, sheet, goals, agent, remembering):
    forgetful = agent("cheese", 8.0)
    who = (jax.random.key(3), remembering(forgetful), world, sheet, stack(goals))
    rates = eqx.filter_jit(watch)(*who, policies=None, num_decisions=NUM_STEPS)
    made = eqx.filter_jit(play)(*who, num_decisions=NUM_STEPS)
    assert rates.taken.shape == (12, NUM_STEPS, 4)
    np.testing.assert_array_equal(rates.counts, made.counted.sum(axis=1))
