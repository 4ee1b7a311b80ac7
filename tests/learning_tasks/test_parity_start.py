"""Parity at the start: the closed form, beside derivatives and brute force."""

import equinox as eqx
import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax import numpy as jnp

from goalscope.learning_tasks.growth import Cases, growth
from goalscope.learning_tasks.networks import SignNetwork, new_sign_network
from goalscope.learning_tasks.parity import all_signs, draw, population_gradient

LENGTH = 12


def hidden(seed: int, length: int, width: int = 16) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    return random.normal(size=(length, width)), random.normal(size=width)


@pytest.mark.parametrize("degree", [3, 5, 7])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_without_bias_the_gradient_of_an_odd_parity_is_exactly_zero(degree, seed):
    weights, outer = hidden(seed, LENGTH)
    pull = population_gradient(weights, np.zeros(16), outer, degree=degree)
    assert np.all(pull == 0)


@given(seed=st.integers(0, 1000), degree=st.sampled_from([2, 4]))
@settings(deadline=None, max_examples=10)
def test_the_gradient_of_an_even_parity_tells_the_signs_that_matter(seed, degree):
    weights, outer = hidden(seed, LENGTH, 64)
    pull = population_gradient(weights, np.zeros(64), outer, degree=degree)
    sizes = np.abs(pull).mean(axis=1)
    assert sizes[:degree].mean() > 1.3 * sizes[degree:].mean()


@pytest.mark.parametrize(
    ("degree", "share_up", "bias"), [(3, 0.7, 0.0), (3, 0.5, 1.0), (2, 0.5, 0.0)]
)
def test_the_closed_form_is_the_derivative_of_the_loss(degree, share_up, bias):
    weights, outer = hidden(3, 6)
    biases = bias * np.linspace(-1, 1, 16)
    signs = all_signs(6)
    chance = np.prod(np.where(signs > 0, share_up, 1 - share_up), axis=1)
    answer = signs[:, :degree].prod(axis=1)

    def loss(twin: jax.Array) -> jax.Array:
        here = jax.nn.relu(signs @ twin + biases[None]) @ outer
        there = jax.nn.relu(signs @ weights + biases[None]) @ outer
        return jnp.sum(chance * jnp.log1p(jnp.exp(-answer * (here - there))))

    with jax.enable_x64(True):
        expected = np.asarray(jax.grad(loss)(jnp.asarray(weights)))
    found = population_gradient(weights, biases, outer, degree=degree, share_up=share_up)
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-14)


def exhaustive(degree: int, share: float, seed: int) -> tuple[SignNetwork, Cases]:
    """Return a network of twins in double precision, and all inputs, some taught."""
    random = np.random.default_rng(seed)
    signs = random.permutation(all_signs(LENGTH))
    network = new_sign_network(random, length=LENGTH, padded=LENGTH, width=16)
    network = jax.tree.map(lambda leaf: jnp.asarray(leaf, jnp.float64), network)
    labels = jnp.asarray(signs[:, :degree].prod(axis=1) < 0, jnp.int32)
    train = jnp.asarray(np.arange(len(signs)) < share * len(signs), jnp.float64)
    return network, Cases(
        jnp.asarray(signs), labels, 1 - labels, labels, labels, train, 1 - train
    )


def test_all_inputs_of_an_odd_parity_move_no_parameter_at_all():
    with jax.enable_x64(True):
        network, cases = exhaustive(3, 0.25, 0)
        everything = cases._replace(train=jnp.ones_like(cases.train))
        found = growth(network, everything)
    assert abs(float(found.training)) < 1e-18
    assert abs(float(found.everywhere)) < 1e-18


@pytest.mark.parametrize("share", [0.25, 0.5])
def test_an_invisible_rule_falls_on_what_is_held_out_by_what_is_taught(share):
    """The gradient over all inputs is 0, so that f M + (1 − f) G = 0."""
    with jax.enable_x64(True):
        found = growth(*exhaustive(3, share, 1))
    held = float(found.held / found.training)
    assert held == pytest.approx(-share / (1 - share), rel=1e-9)
    assert abs(float(found.everywhere / found.training)) < 1e-9


def test_growth_on_all_inputs_never_falls_where_all_are_taught():
    with jax.enable_x64(True):
        network, cases = exhaustive(2, 0.25, 0)
        found = growth(network, cases._replace(train=jnp.ones_like(cases.train)))
    assert float(found.everywhere) > 0


def test_few_balanced_inputs_are_drawn_without_repetition():
    bits = draw(np.random.default_rng(0), count=200, length=8, degree=3, share_up=0.5)
    assert len(np.unique(bits.signs, axis=0)) == 200
    np.testing.assert_array_equal(bits.answer, bits.signs[:, :3].prod(axis=1))
    np.testing.assert_array_equal(bits.wrong, bits.signs[:, 3:6].prod(axis=1))


def test_inputs_are_up_as_often_as_asked():
    bits = draw(np.random.default_rng(0), count=4000, length=20, degree=3, share_up=0.7)
    assert bits.signs.mean() == pytest.approx(0.4, abs=0.02)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"count": 9, "length": 3, "degree": 1}, "there are 8 inputs"),
        ({"count": 4, "length": 5, "degree": 3}, "do not fit"),
    ],
)
def test_what_cannot_be_drawn_is_refused(options, says):
    with pytest.raises(ValueError, match=says):
        draw(np.random.default_rng(0), share_up=0.5, **options)


def test_a_network_of_twins_says_nothing_at_the_start():
    network = new_sign_network(np.random.default_rng(0), length=5, padded=7, width=8)
    inputs = jnp.asarray(np.random.default_rng(1).normal(size=(9, 7)), jnp.float32)
    np.testing.assert_allclose(eqx.filter_jit(network)(inputs), 0, atol=1e-6)
    with pytest.raises(ValueError, match="twins"):
        new_sign_network(np.random.default_rng(0), length=5, padded=7, width=7)
