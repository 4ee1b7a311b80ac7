"""Does the comparison of kinds tell planted agents of all kinds apart?

Priors and grids were chosen on every second dose, beginning with the first, and on other
seeds; the doses and agents below served once.
"""

from itertools import product

import equinox as eqx
import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope.goals import reach
from goalscope.instruments.goal_kind import GoalKind
from goalscope.instruments.kinds_of_goal import KINDS
from goalscope.worlds.corner import Corner
from goalscope.worlds.cued import Cued
from goalscope.worlds.objects import Objects
from goalscope.zoo.action_bias import ActionBiasKind
from goalscope.zoo.anti_goal import AntiGoalKind
from goalscope.zoo.candidates import candidates
from goalscope.zoo.cue_switch import CueSwitchKind
from goalscope.zoo.gated import GatedKind
from goalscope.zoo.mixture import MixtureKind
from goalscope.zoo.other_goal import OtherGoalKind
from goalscope.zoo.periodic import PeriodicKind
from goalscope.zoo.planner import PlannerKind
from goalscope.zoo.random_deterministic import RandomDeterministicKind
from goalscope.zoo.uniform import UniformKind
from goalscope.zoo.weaker_when_deployed import WeakerWhenDeployedKind

SEED = 20_261_123
NUM_AGENTS = 42
LOWEST_BETA = 8.0
PLANTED = (
    PlannerKind(),
    WeakerWhenDeployedKind(),
    MixtureKind(),
    CueSwitchKind(),
    GatedKind(),
    OtherGoalKind(),
    AntiGoalKind(),
    UniformKind(),
    RandomDeterministicKind(),
    ActionBiasKind(),
    PeriodicKind(),
)


@eqx.filter_jit
def _posteriors(instrument, keys, agents, world):
    arrays, static = eqx.partition(agents, eqx.is_array)

    def one(item):
        key, arrays = item
        return instrument.measure(key, eqx.combine(arrays, static), world).value

    return jax.lax.map(one, (keys, arrays))


def _agents(number, kind, world):
    """Return agents of a kind at its odd doses, all candidates by turns."""
    doses = kind.doses[1::2]
    if kind.name == "planner":
        doses = [dose for dose in doses if dose >= LOWEST_BETA]
    cases = list(product(candidates(world), doses))
    rng = np.random.default_rng([SEED, number])
    each = [
        kind.plant(rng, world, feature=feature, dose=dose)
        for feature, dose in (cases[i % len(cases)] for i in range(NUM_AGENTS))
    ]
    arrays = [eqx.filter(agent, eqx.is_array) for agent in each]
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *arrays)
    return eqx.combine(stacked, eqx.filter(each[0], eqx.is_array, inverse=True))


@pytest.mark.science
@pytest.mark.parametrize(
    "world", [Cued(Objects()), Cued(Corner(shifted_share=1.0))], ids=["objects", "corner"]
)
def test_nineteen_of_twenty_agents_are_of_the_kind_that_they_are_taken_for(world):
    instrument = GoalKind(tuple(reach(world, name) for name in candidates(world)))
    right, table = {kind: [] for kind in KINDS}, {}
    for number, kind in enumerate(PLANTED):
        root = jax.random.fold_in(jax.random.key(SEED), number)
        keys = jax.random.split(root, NUM_AGENTS)
        found = _posteriors(instrument, keys, _agents(number, kind, world), world)
        taken_for = np.argmax(found, axis=1)
        right[kind.truth].append(np.mean(taken_for == KINDS.index(kind.truth)))
        table[kind.name] = np.bincount(taken_for, minlength=len(KINDS)).tolist()
    recalls = {truth: np.mean(shares) for truth, shares in right.items()}
    assert np.mean(list(recalls.values())) >= 0.95, (table, recalls)
    assert min(recalls.values()) >= 0.9, (table, recalls)
