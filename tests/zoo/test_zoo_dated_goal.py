"""Agents whose goal has a known date: it is read off to the checkpoint."""

import equinox as eqx
import jax
import numpy as np
import pytest

from goalscope.calibrating.planting import HALVES, plant
from goalscope.instruments.goal_parts import GoalParts
from goalscope.trials import goal_parts
from goalscope.worlds.corner import Corner
from goalscope.worlds.keys import Keys
from goalscope.zoo.dated_goal import GoalBeforeSightKind, GoalWithBehaviourKind

WORLD = Corner(shifted_share=1.0, size=4, horizon=16)
EARLY, PROMPT = GoalBeforeSightKind(), GoalWithBehaviourKind()


@pytest.fixture(scope="module")
def read():
    trial = goal_parts.trial()
    instrument = trial.instrument(WORLD, 8)
    assert isinstance(instrument, GoalParts)

    def one(kind, half):
        planted = plant(kind, WORLD, half=half, seed=0, count=6)
        arrays, rest = eqx.partition(planted.agents, eqx.is_array)
        values = eqx.filter_jit(
            lambda key, arrays: jax.lax.map(
                lambda each: instrument.measure(key, eqx.combine(each, rest), WORLD).value,
                arrays,
            )
        )(jax.random.key(0), arrays)
        return dict(zip(instrument.readings, np.asarray(values).T, strict=True)), planted

    return one


@pytest.mark.parametrize("half", HALVES)
def test_a_goal_before_sight_leads_by_its_dose(read, half):
    values, planted = read(EARLY, half)
    steps = EARLY.num_checkpoints - 1
    np.testing.assert_allclose(values["lead"] * steps, planted.doses, atol=1e-4)


@pytest.mark.parametrize("half", HALVES)
def test_a_goal_with_behaviour_has_its_date_and_leads_nothing(read, half):
    values, planted = read(PROMPT, half)
    steps = PROMPT.num_checkpoints - 1
    np.testing.assert_allclose(values["lead"], 0, atol=1e-6)
    dated = values["restricted changes"] * steps
    np.testing.assert_allclose(dated, planted.doses, atol=1e-4)


@pytest.mark.parametrize("kind", [EARLY, PROMPT], ids=lambda kind: kind.name)
def test_dated_agents_want_nothing_at_first_and_can_be_stacked(kind):
    agents = [
        kind.plant(np.random.default_rng(0), WORLD, feature="corner", dose=dose)
        for dose in kind.doses
    ]
    assert not any(np.any(agent.slot[0]) for agent in agents)
    assert all(np.argmax(agent.slot[-1]) == 0 for agent in agents)
    shapes = {str(jax.tree.map(np.shape, agent)) for agent in agents}
    assert len(shapes) == 1
    assert kind.supports(Keys(size=4))
