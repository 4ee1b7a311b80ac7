"""Cues: how often they are right, that they change nothing, and who sees them."""

from functools import partial

import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope import solve
from goalscope.worlds.corner import Corner
from goalscope.worlds.cued import Cued

PLAIN = Corner(size=3, shifted_share=1.0, horizon=16)
WORLD = Cued(PLAIN)
PICTURE = """\
1###0
#.@.#
#*#.#
#...#
1####"""


def _levels(world, count=600):
    return jax.vmap(world.sample_level)(jax.random.split(jax.random.key(0), count))


def test_a_perfect_cue_names_the_phase():
    levels = _levels(WORLD)
    np.testing.assert_array_equal(levels.cue, levels.phase)
    assert 0.42 < np.mean(levels.phase) < 0.58
    assert 0.42 < np.mean(levels.placebo) < 0.58
    assert abs(np.corrcoef(levels.cue, levels.placebo)[0, 1]) < 0.15


def test_a_cue_is_as_accurate_as_asked():
    levels = _levels(Cued(PLAIN, np.array([0.5, 0.25, 0.25]), accuracy=0.8))
    right = np.asarray(levels.cue == levels.phase)
    assert 0.74 < right.mean() < 0.86
    wrong = np.asarray(levels.cue)[~right & np.asarray(levels.phase == 0)]
    assert set(wrong.tolist()) == {1, 2}
    assert abs(np.mean(levels.phase == 0) - 0.5) < 0.08


def test_cues_change_nothing_but_their_tokens():
    level = WORLD.sample_level(jax.random.key(3))
    plain = jax.jit(lambda: solve.tabulate(PLAIN, level.level))()
    tabulate = jax.jit(lambda cue: solve.tabulate(WORLD, WORLD.with_cue(level, cue)))
    for cue in range(2):
        table = tabulate(cue)
        np.testing.assert_array_equal(table.tokens[:, :-2], plain.tokens)
        assert set(np.asarray(table.tokens[:, WORLD.cue_token]).tolist()) == {cue}
        same = jax.tree.map(jnp.array_equal, table, plain)
        assert all([same.view, same.successors, same.features, same.terminal, same.start])


def test_the_placebo_can_be_set_alone():
    level = WORLD.with_placebo(WORLD.sample_level(jax.random.key(3)), 1)
    tokens = WORLD.observe_state(level, WORLD.reset(level))
    assert tokens.shape == (len(WORLD.token_sizes),)
    assert int(tokens[WORLD.placebo_token]) == 1
    assert int(tokens[WORLD.cue_token]) == int(level.cue)


def test_levels_are_read_as_they_are_written():
    level = WORLD.parse_level(PICTURE)
    assert [int(level.phase), int(level.cue), int(level.placebo)] == [1, 0, 1]
    assert WORLD.level_text(level) == PICTURE
    for wrong in (PICTURE.replace("1###0", "2###0"), PICTURE.replace("1####", "#####")):
        with pytest.raises(ValueError, match="no number below 2"):
            WORLD.parse_level(wrong)


def test_shares_may_be_swept_without_compiling_again():
    shares = jnp.array([[1.0, 0.0], [0.0, 1.0]])

    def phase(shares, accuracy):
        return Cued(PLAIN, shares, accuracy).sample_level(jax.random.key(1)).phase

    phases = jax.jit(jax.vmap(phase))(shares, jnp.array([1.0, 0.5]))
    assert phases.tolist() == [0, 1]


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (partial(Cued, PLAIN, accuracy=1.5), "accuracy=1.5"),
        (partial(Cued, PLAIN, np.array([0.5, 0.6])), "add up to 1"),
        (partial(Cued, PLAIN, np.array([1.0])), "2 to 10 phases"),
    ],
)
def test_an_impossible_world_is_refused(make, reason):
    with pytest.raises(ValueError, match=reason):
        make()


def test_cues_on_cues_are_refused():
    with pytest.raises(TypeError, match="without cues"):
        Cued(WORLD)
