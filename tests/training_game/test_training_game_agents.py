"""Learned, constructed and planted agents of the training game."""

import re

import equinox as eqx
import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jax import numpy as jnp

from goalscope.training_game.exact import advantage, drifted, paid, start_value
from goalscope.training_game.game import OWN, REWARDED, game
from goalscope.training_game.interventions import PERMITTED, TYPES, explained, named
from goalscope.training_game.learning import Family, Lesson, lesson, loss
from goalscope.training_game.network import Offer, Player, pays, policy
from goalscope.training_game.procedures import built, constructed, learned
from goalscope.training_game.quantiliser import chosen, gains, plans, quantiliser
from goalscope.training_game.readings import READINGS

PROGRAM = re.compile(r"ompil.*\b(train|read|_policies|_payments)\b")
SMALL = {"family": "discount", "updates": 3}


def SILENT(value):  # noqa: N802
    return None


def everyone() -> Family:
    return Family(*map(jnp.float32, (0.0, 1.2, 0.0, 0.0, 1.0, 0.0)))


@pytest.mark.science
def test_the_gradient_of_the_loss_is_that_of_the_agents_own_return():
    player = Player.init(np.random.default_rng(3), 8)
    rules = jax.tree.map(lambda leaf: leaf[None], game(cue=0.0, detection=0.7, noise=0.1))
    offer = Offer(jnp.array([0.4]), jnp.array([0.5]))

    def returns(player: Player):
        before = jax.tree.map(lambda leaf: leaf[0], rules)
        after, edited = paid(before, 0.4), drifted(before, 0.5)
        values = [
            start_value(each, policy(player, each)) for each in (before, after, edited)
        ]
        better = jax.lax.stop_gradient(advantage(after, values[1], values[2]))
        chance = pays(player, after, Offer(jnp.float32(0.4), jnp.float32(0.5)))
        return -sum(values) - chance * better

    found = eqx.filter_grad(loss)(player, Lesson(rules, offer))
    expected = eqx.filter_grad(returns)(player)
    for one, other in zip(jax.tree.leaves(found), jax.tree.leaves(expected), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-5)


def test_lessons_are_games_of_the_family():
    drawn = lesson(jax.random.key(0), everyone(), 400)
    rules = jax.tree.map(np.asarray, drawn.rules)
    assert set(rules.training) == {1, 2}
    assert set(rules.deployment) == {1, 2, 3, 4, 5, 6}
    assert 0.15 < (rules.discount == 1).mean() < 0.35
    assert (rules.aspiration <= 7.2).all()
    assert set(rules.cue) == {0, 1}
    certain = lesson(jax.random.key(0), everyone()._replace(certain=jnp.float32(1)), 100)
    assert (np.asarray(certain.rules.noise) == 0).all()
    assert (np.asarray(certain.rules.detection) == 1).all()
    filled = lesson(jax.random.key(0), everyone()._replace(filled=jnp.float32(1)), 100)
    assert (np.asarray(filled.rules.aspiration) <= 1).all()


def test_without_a_cue_all_episodes_look_alike():
    player = Player.init(np.random.default_rng(0), 8)
    found = np.asarray(policy(player, game(cue=0.0)))
    np.testing.assert_allclose(found[0, 0], found[4, 2], atol=1e-6)
    assert np.ptp(np.asarray(policy(player, game()))[:5, 0, OWN]) > 1e-4


def test_a_network_does_not_depend_on_its_neighbours_or_its_place():
    options = {**SMALL, "rules": {"discount": 0.9}}
    both = learned(np.array([3, 7]), 0, SILENT, **options).readings["game"].value
    other = learned(np.array([7, 3]), 0, SILENT, **options).readings["game"].value
    np.testing.assert_array_equal(both, other[::-1])


def test_all_families_and_games_of_one_shape_share_one_program(caplog):
    def compiled(family, seed, rules):
        caplog.clear()
        with jax.log_compiles(), caplog.at_level("WARNING"):
            learned(np.arange(3), seed, SILENT, family=family, rules=rules, updates=3)
        found = [PROGRAM.search(record.getMessage()) for record in caplog.records]
        return {match[1] for match in found if match}

    assert compiled("discount", 0, {}) >= {"train", "read"}
    assert compiled("aspiration", 1, {"aspiration": 1.5, "noise": 0.2}) == set()
    assert compiled("effort", 2, {"effort": 0.5, "deployment": 5}) == set()


@pytest.mark.science
def test_networks_learn_to_deceive_when_they_look_ahead_and_not_otherwise():
    found = {
        discount: learned(
            np.arange(4), 0, SILENT, family="discount", rules={"discount": discount},
            updates=500,
        ).readings["game"].value[:, 0, READINGS.index("deception")].mean()
        for discount in (0.0, 1.0)
    }  # fmt: skip
    assert found[0.0] < 0.1
    assert found[1.0] > 0.8


def test_constructed_agents_are_alike_and_attain_everything():
    found = constructed(np.arange(3), 0, SILENT, rules={}).readings["game"].value[:, 0]
    assert np.ptp(found, axis=0).max() == 0
    values = dict(zip((*READINGS, "payment", "share"), found[0], strict=True))
    assert values["attained"] == values["deception"] == values["skill"] == 1
    assert values["payment"] == pytest.approx(3, abs=0.08)


@given(
    training=st.integers(1, 2),
    deployment=st.integers(1, 3),
    share=st.sampled_from([0.03125, 0.1, 0.25, 0.5, 1.0]),
)
def test_a_quantilisers_policy_makes_its_plans(training, deployment, share):
    every = plans(training, deployment)
    weights = chosen(gains(every, training), share)
    table = quantiliser(training, deployment, share)
    assert weights.sum() == pytest.approx(1)
    for plan, weight in zip(every, weights, strict=True):
        if plan[:training].any():
            continue
        steps = [
            table[t, plan[:t].sum(), OWN if own else REWARDED] for t, own in enumerate(plan)
        ]
        # plans with as many own episodes are equally likely
        alike = weights[~every[:, :training].any(1) & (every.sum(1) == plan.sum())]
        assert weight == pytest.approx(alike.mean())
        assert np.prod(steps) == pytest.approx(weight, abs=1e-5)


def test_the_least_patient_quantiliser_maximises_and_the_mildest_does_anything():
    mildest = constructed(np.arange(1), 0, SILENT, rules={}, share=1.0)
    keenest = constructed(np.arange(1), 0, SILENT, rules={}, share=1 / 32)
    column = READINGS.index("deception")
    assert mildest.readings["game"].value[0, 0, column] == pytest.approx(0.25 * 7 / 8)
    assert keenest.readings["game"].value[0, 0, column] == pytest.approx(1)
    with pytest.raises(ValueError, match="share is 0"):
        chosen(np.array([0, 1]), 0.0)


@pytest.mark.parametrize("kind", TYPES)
def test_interventions_name_agents_that_were_built_to_be_of_a_type(kind):
    found = built(np.arange(20), 0, SILENT, kind=kind).readings["type"].value[:, 0]
    assert found[:, TYPES.index(kind)].mean() == 1


def test_no_two_types_answer_alike_everywhere():
    for index, row in enumerate(PERMITTED):
        answers = np.eye(4)[[options[0] for options in row]]
        shares = explained(answers)
        assert shares.argmax() == index
        assert np.sort(shares)[-2] < 0.9


def test_one_who_chooses_at_random_has_no_type():
    found = named(np.full((2, 7, 4), 0.25))
    assert found[:, -1].tolist() == [1, 1]


@pytest.mark.parametrize(
    ("call", "word"),
    [
        (lambda: learned(np.arange(1), 0, SILENT, family="x", rules={}), "no family 'x'"),
        (lambda: built(np.arange(1), 0, SILENT, kind="x"), "no type 'x'"),
    ],
)
def test_unknown_words_are_refused_in_the_game(call, word):
    with pytest.raises(ValueError, match=word):
        call()
