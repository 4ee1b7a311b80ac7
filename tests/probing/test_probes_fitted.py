"""Classifiers, codes and control tasks, against SciPy, loops and closed forms."""

import itertools

import jax
import numpy as np
import pytest
from jax import numpy as jnp
from scipy.optimize import minimize
from scipy.special import logsumexp

from goalscope.probing.classifier import accuracy, fit_classifier, standardised
from goalscope.probing.code_length import BLOCK_ENDS, block_sizes, online_code
from goalscope.probing.selectivity import control_labels, selectivity

NUM, WIDTH, CLASSES = 60, 3, 3
ENDS = (0.1, 0.25, 0.5, 1.0)


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(2)
    labels = rng.integers(0, CLASSES, NUM)
    inputs = rng.normal(size=(CLASSES, WIDTH))[labels] + rng.normal(size=(NUM, WIDTH))
    return inputs, labels, rng.integers(0, 3, NUM).astype(float)


def scipy_fit(inputs, labels, counts, ridge):
    """Return weights and loss by quasi-Newton on a slowly written loss."""
    design = np.hstack([inputs, np.ones((len(inputs), 1))])

    def loss(flat):
        weight = flat.reshape(-1, CLASSES)
        scores = design @ weight
        fit = scores[np.arange(len(labels)), labels] - logsumexp(scores, axis=1)
        return -np.sum(counts * fit) + 0.5 * ridge * np.sum(weight**2)

    found = minimize(loss, np.zeros(design.shape[1] * CLASSES), tol=1e-10)
    return found.x.reshape(-1, CLASSES)


@pytest.mark.parametrize("ridge", [0.1, 10.0])
def test_the_classifier_is_scipys(data, ridge):
    with jax.enable_x64(True):
        inputs, labels, counts = map(jnp.asarray, data)
        fitted = fit_classifier(inputs, labels, counts, num_classes=CLASSES, ridge=ridge)
        assert bool(fitted.converged)
        wanted = scipy_fit(data[0], data[1], data[2], ridge)
        np.testing.assert_allclose(fitted.weight, wanted, atol=2e-3)


def test_separable_classes_still_converge():
    inputs = jnp.linspace(-1, 1, 20)[:, None]
    labels = (inputs[:, 0] > 0).astype(jnp.int32)
    fitted = fit_classifier(inputs, labels, jnp.ones(20), num_classes=2, ridge=1e-3)
    assert bool(fitted.converged)
    assert float(accuracy(fitted, inputs, labels, jnp.ones(20))) == 1.0


def test_examples_that_count_nothing_are_ignored(data):
    inputs, labels, counts = map(jnp.asarray, data)
    inputs, counts = inputs.astype(jnp.float32), counts.astype(jnp.float32)
    spoilt = jnp.where(counts[:, None] == 0, 100.0, inputs)
    one, same = (
        fit_classifier(each, labels, counts, num_classes=CLASSES)
        for each in (inputs, spoilt)
    )
    np.testing.assert_allclose(one.weight, same.weight, atol=1e-5)


def test_an_online_code_is_a_loop_over_blocks(data):
    inputs, labels, _ = data
    ends = [6, 15, 30, 60]
    expected, hits = [np.full(6, np.log2(CLASSES))], []
    for known, until in itertools.pairwise(ends):
        weight = scipy_fit(inputs[:known], labels[:known], np.ones(known), 0.1)
        scores = np.hstack([inputs[known:until], np.ones((until - known, 1))]) @ weight
        each = (scores - logsumexp(scores, axis=1, keepdims=True)) / np.log(2)
        expected.append(-each[np.arange(until - known), labels[known:until]])
        hits.append(scores.argmax(axis=1) == labels[known:until])
    with jax.enable_x64(True):
        found = online_code(
            jnp.asarray(inputs),
            jnp.asarray(labels),
            jnp.ones(NUM),
            num_classes=CLASSES,
            block_ends=ENDS,
        )
    np.testing.assert_allclose(found.bits, np.concatenate(expected), atol=5e-3)
    np.testing.assert_array_equal(found.hits[6:], np.concatenate(hits))
    guesses = np.full(NUM, np.log2(CLASSES))
    for known, until in itertools.pairwise(ends):
        seen = np.bincount(labels[:known], minlength=CLASSES) + 1
        guesses[known:until] = -np.log2(seen / seen.sum())[labels[known:until]]
    np.testing.assert_allclose(found.guesses, guesses, atol=1e-6)
    wanted = np.sum(guesses) / np.sum(np.concatenate(expected))
    assert float(found.compression) == pytest.approx(wanted, rel=1e-3)


def test_the_model_costs_what_is_spent_before_it_is_known(data):
    inputs, labels, _ = data
    with jax.enable_x64(True):
        found = online_code(
            jnp.asarray(inputs),
            jnp.asarray(labels),
            jnp.ones(NUM),
            num_classes=CLASSES,
            block_ends=ENDS,
        )
    weight = scipy_fit(inputs, labels, np.ones(NUM), 0.1)
    scores = np.hstack([inputs, np.ones((NUM, 1))]) @ weight
    known = np.sum(logsumexp(scores, axis=1) - scores[np.arange(NUM), labels]) / np.log(2)
    assert float(found.model_bits) == pytest.approx(
        np.asarray(found.bits).sum() - known, abs=0.01
    )


def test_blocks_end_where_the_paper_ends_them():
    assert block_sizes(10_000, BLOCK_ENDS).tolist() == [
        10, 20, 40, 80, 160, 320, 625, 1250, 2500, 5000, 10_000
    ]  # fmt: skip
    assert block_sizes(8, BLOCK_ENDS).tolist() == [1, 2, 4, 8]
    with pytest.raises(ValueError, match="ascending shares up to 1"):
        block_sizes(10, (0.5, 0.25, 1.0))


def test_standardised_inputs_have_mean_0_and_deviation_1_where_they_count(data):
    inputs, _, counts = data
    inputs = np.hstack([inputs, np.full((NUM, 1), 7.0)])
    found = np.asarray(standardised(jnp.asarray(inputs), jnp.asarray(counts)))
    shares = counts[:, None] / counts.sum()
    np.testing.assert_allclose((shares * found).sum(0), 0, atol=1e-5)
    np.testing.assert_allclose((shares * found**2).sum(0), [1, 1, 1, 0], atol=1e-4)


def test_control_labels_belong_to_types_and_are_uniform():
    types = jnp.arange(3000) % 1500
    labels = control_labels(jax.random.key(0), types, num_types=1500, num_classes=4)
    np.testing.assert_array_equal(labels[:1500], labels[1500:])
    counts = np.bincount(labels[:1500], minlength=4)
    np.testing.assert_allclose(counts, 375, atol=4 * np.sqrt(375))
    assert float(selectivity(jnp.float32(0.5), jnp.float32(1.0))) == -0.5


def test_rare_labels_that_nothing_predicts_are_not_decoded():
    rng = np.random.default_rng(0)
    inputs, counts = jnp.asarray(rng.normal(size=(1000, 5)), jnp.float32), jnp.ones(1000)
    labels = jnp.asarray(rng.random(1000) < 0.03).astype(jnp.int32)
    types = jnp.arange(1000) % 50
    control = control_labels(jax.random.key(0), types, num_types=50, num_classes=2)
    read = [
        accuracy(fit_classifier(inputs, each, counts, num_classes=2), inputs, each, counts)
        for each in (labels, control)
    ]
    assert float(selectivity(*read)) == pytest.approx(0, abs=0.1)
    found = online_code(inputs, labels, counts, num_classes=2)
    assert float(found.compression) == pytest.approx(1, abs=0.15)
