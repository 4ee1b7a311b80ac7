"""Sampled levels against the exact distribution of solvable proposals.

Every proposal of a tiny world is enumerated with its probability; those that cannot be
solved are left out, the rest is scaled to 1, and a chi-square test compares the samples.
"""

from collections import defaultdict
from itertools import combinations, product

import jax
import numpy as np
import pytest
from scipy import stats

from goalscope.worlds.corner import Corner
from goalscope.worlds.dish import Dish
from goalscope.worlds.keys import Keys

NUM_SAMPLES = 20_000
DENSITY, SHARE = 0.4, 0.3
NEIGHBOURS = {0: (1, 2), 1: (0, 3), 2: (0, 3), 3: (1, 2)}


def mazes():
    """Yield each set of free cells of a 2 x 2 grid with its probability."""
    for walls in product((False, True), repeat=4):
        chance = np.prod([DENSITY if wall else 1 - DENSITY for wall in walls])
        yield {cell for cell, wall in enumerate(walls) if not wall}, chance


def reaches(free, start, target):
    found, border = {start}, [start]
    while border:
        new = [to for to in NEIGHBOURS[border.pop()] if to in free and to not in found]
        found.update(new)
        border += new
    return target in found


def each(cells):
    """Yield each of the cells with its probability."""
    yield from ((cell, 1 / len(cells)) for cell in cells)


def corner_proposals(corner_size):
    inside = {1: {0}, 2: {0, 1, 2, 3}}[corner_size]
    for free, chance in mazes():
        for cells, share in ((free, SHARE), (inside, 1 - SHARE)):
            for cheese, chance_cheese in each(cells):
                opened = free | {cheese}
                for start, chance_start in each(opened - {cheese}):
                    if reaches(opened, start, cheese):
                        level = (frozenset(opened), cheese, start)
                        yield level, chance * share * chance_cheese * chance_start


def dish_proposals():
    for free, chance in mazes():
        for dish, chance_dish in each(free):
            cheeses = [(cell, SHARE * p) for cell, p in each(free)] + [(dish, 1 - SHARE)]
            for cheese, chance_cheese in cheeses:
                for start, chance_start in each(free - {cheese, dish}):
                    to_cheese = reaches((free - {dish}) | {cheese}, start, cheese)
                    if to_cheese and reaches((free - {cheese}) | {dish}, start, dish):
                        level = (frozenset(free), cheese, dish, start)
                        yield level, chance * chance_dish * chance_cheese * chance_start


def keys_proposals():
    for free, chance in mazes():
        for key, p_key in each(free):
            for chest, p_chest in each(free - {key}):
                for start, p_start in each(free - {key, chest}):
                    if reaches(free, start, key) and reaches(free, start, chest):
                        level = (frozenset(free), (key,), (chest,), start)
                        yield level, chance * p_key * p_chest * p_start


def many_keys_proposals():
    """All placements in an open 3 x 3 grid of one object of a kind and two of the other."""
    free = frozenset(range(9))
    for one in free:
        for two in combinations(sorted(free - {one}), 2):
            for start in free - {one, *two}:
                yield (free, (one, 9), two, start), 1 - SHARE
                yield (free, two, (one, 9), start), SHARE


WORLDS = {
    "corner": (Corner(size=2), lambda: corner_proposals(1)),
    "corner square": (Corner(size=2, corner_size=2), lambda: corner_proposals(2)),
    "dish": (Dish(size=2), dish_proposals),
    "keys": (Keys(size=2, max_objects=1, many=1), keys_proposals),
    "many keys": (Keys(size=3, max_objects=2, many=2), many_keys_proposals),
}


def described(levels):
    """Yield each level as the enumerations above describe it."""
    columns = [np.asarray(leaf).tolist() for leaf in levels]
    for walls, *rest in zip(*columns, strict=True):
        free = frozenset(cell for cell, wall in enumerate(walls) if not wall)
        yield (free, *(tuple(part) if isinstance(part, list) else part for part in rest))


@pytest.mark.parametrize("name", WORLDS)
def test_rejection_keeps_the_distribution_of_solvable_levels(name):
    world, proposals = WORLDS[name]
    density = 0.0 if name == "many keys" else DENSITY
    world = type(world)(**(vars(world) | {"shifted_share": SHARE, "wall_density": density}))
    chances = defaultdict(float)
    for level, chance in proposals():
        chances[level] += chance
    expected = np.array(list(chances.values())) * NUM_SAMPLES / sum(chances.values())
    counts = dict.fromkeys(chances, 0)
    keys = jax.random.split(jax.random.key(0), NUM_SAMPLES)
    for level in described(jax.jit(jax.vmap(world.sample_level))(keys)):
        counts[level] += 1
    assert expected.min() > 2
    assert stats.chisquare(list(counts.values()), expected).pvalue > 1e-3


@pytest.mark.parametrize("name", ["corner", "dish", "keys"])
def test_a_level_does_not_depend_on_what_it_is_batched_with(name):
    world, _ = WORLDS[name]
    keys = jax.random.split(jax.random.key(1), 64)
    batched = jax.jit(jax.vmap(world.sample_level))
    many, few = batched(keys), batched(keys[3:6])
    one = jax.jit(lambda key: world.sample_level(key))(keys[4])
    for in_many, in_few, alone in zip(many, few, one, strict=True):
        np.testing.assert_array_equal(in_many[3:6], in_few)
        np.testing.assert_array_equal(in_many[4], alone)
