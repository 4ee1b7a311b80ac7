"""Agents that drifted: their steps have in common what the dose says."""

import numpy as np
import pytest

from goalscope.agents.lookup import LookupTable
from goalscope.worlds.corner import Corner
from goalscope.zoo.drifting_walk import NOISE, DriftingWalkKind

WORLD = Corner(shifted_share=1.0, size=4, horizon=16)
KIND = DriftingWalkKind()


def steps(dose, seed=0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    agent = KIND.plant(rng, WORLD, feature="corner", dose=dose)
    assert isinstance(agent, LookupTable)
    logits = np.asarray(agent.logits).reshape(KIND.num_checkpoints, -1)
    assert not logits[0].any()
    return np.diff(logits, axis=0)


@pytest.mark.parametrize("dose", [0.4, 1.0])
def test_steps_correlate_as_the_dose_says(dose):
    between = np.corrcoef(steps(dose))[np.triu_indices(KIND.num_checkpoints - 1, 1)]
    assert np.mean(between) == pytest.approx(dose**2 / (1 + dose**2), abs=0.03)


def test_what_is_not_drift_is_noise_of_one_size():
    for dose in KIND.doses:
        found = steps(dose)
        apart = found - found.mean(axis=0)
        assert np.std(apart) == pytest.approx(NOISE, rel=0.05)


def test_agents_of_all_doses_can_be_stacked():
    assert len({steps(dose).shape for dose in KIND.doses}) == 1
