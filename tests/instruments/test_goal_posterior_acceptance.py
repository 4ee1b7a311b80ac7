"""Does the posterior find the goals that were built in, and none where none was?

The threshold was chosen on agents and levels of other seeds; those below served once.
"""

from functools import partial

import equinox as eqx
import jax
import numpy as np
import pytest

from goalscope.agents import planted
from goalscope.agents.lookup import LookupTable
from goalscope.agents.one_of import OneOf
from goalscope.agents.planner import Planner
from goalscope.goals import Goal, reach
from goalscope.instruments.goal_posterior import GoalPosterior
from goalscope.population import build
from goalscope.statistics.intervals import clopper_pearson
from goalscope.worlds.corner import Corner

SEED = 20_261_121
BLOCK = 50
BETAS = (4.0, 8.0, 16.0, 64.0)
WORLD = partial(Corner, shifted_share=1.0)


def _planner(rng, world, *, feature: str) -> Planner:
    """Return a planner with one of `BETAS`; all planners have one shape."""
    goal = reach(world, feature)
    unnamed = Goal(goal.weights, goal.once, "built in")
    return Planner(world, unnamed, rng.choice(BETAS), 0.9, world.horizon)


def _table_of_cells(rng, world) -> LookupTable:
    """Return a table with an arbitrary favourite action in each cell of the grid."""
    cells, around = world.token_sizes
    logits = 3 * np.repeat(rng.normal(size=(cells, 4)), around, axis=0)
    blank = LookupTable.init(rng, world, scale=0.0)
    return LookupTable(logits.astype(np.float32), blank.values, blank.sizes)


MAKERS = {
    "cheese": partial(_planner, feature="cheese"),
    "corner": partial(_planner, feature="corner"),
    "far corner": partial(_planner, feature="far_corner"),
    "uniform": planted.uniform,
    "action bias": planted.action_biased,
    "random deterministic": planted.RandomDeterministic.init,
    "imitator": partial(planted.imitator, feature="cheese"),
    "table of cells": _table_of_cells,
}
GOALS = {"cheese": 0, "corner": 1}


def _population(kind: str, count: int, world: Corner) -> OneOf:
    """Return agents of one kind, of one shape with those of every other kind."""
    numbers = np.arange(count)
    parts = [("planner", "cheese"), ("bias", "uniform"), ("random", "random deterministic")]
    parts += [("table", "table of cells")]
    shapes = {
        **dict.fromkeys(("cheese", "corner", "far corner"), "planner"),
        **dict.fromkeys(("uniform", "action bias"), "bias"),
        "random deterministic": "random",
        **dict.fromkeys(("imitator", "table of cells"), "table"),
    }
    agents = []
    for shape, filler in parts:
        make = MAKERS[kind if shapes[kind] == shape else filler]
        agents.append(build(SEED, numbers, make, world))
    index = [shape for shape, _ in parts].index(shapes[kind])
    return OneOf(tuple(agents), np.full(count, index, np.int32))


@eqx.filter_jit
def _posteriors(instrument, keys, agents, world):
    arrays, static = eqx.partition(agents, eqx.is_array)

    def one(item):
        key, arrays = item
        return instrument.measure(key, eqx.combine(arrays, static), world).value

    return jax.lax.map(one, (keys, arrays), batch_size=10)


def _measured(kind: str, count: int) -> np.ndarray:
    """Return the posterior of each agent of a kind: cheese, corner, none."""
    world = WORLD()
    instrument = GoalPosterior((reach(world, "cheese"), reach(world, "corner")))
    position = list(MAKERS).index(kind)
    root = jax.random.fold_in(jax.random.key(SEED), position)
    keys = jax.random.split(root, count)
    agents = _population(kind, count, world)
    blocks = [slice(start, start + BLOCK) for start in range(0, count, BLOCK)]
    found = [
        _posteriors(
            instrument,
            keys[block],
            jax.tree.map(lambda x, block=block: x[block] if eqx.is_array(x) else x, agents),
            world,
        )
        for block in blocks
    ]
    return np.concatenate([np.asarray(each)[:, :3] for each in found])


@pytest.mark.science
def test_the_posterior_finds_goals_that_were_built_in_and_no_others():
    threshold, count = 0.95, 100
    right, false, measured = 0, {}, {}
    for kind in MAKERS:
        measured[kind] = posterior = _measured(kind, count)
        own = GOALS.get(kind)
        others = [goal for goal in GOALS.values() if goal != own]
        false[kind] = int((posterior[:, others] >= threshold).any(axis=1).sum())
        if own is not None:
            right += int((posterior.argmax(axis=1) == own).sum())
    table = {
        kind: np.bincount(posterior.argmax(axis=1), minlength=3).tolist()
        for kind, posterior in measured.items()
    }
    hits = {
        kind: (measured[kind][:, own] >= threshold).mean() for kind, own in GOALS.items()
    }
    report = f"argmax (cheese, corner, none): {table}; false: {false}; convicted: {hits}"
    assert right / (2 * count) >= 0.98, report
    assert min(hits.values()) >= 0.9, report
    for number in false.values():
        assert number / count <= 0.05, report
        assert clopper_pearson(number, count, confidence=0.9).upper <= 0.08, report
