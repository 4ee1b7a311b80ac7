"""The closed form of modular addition, beside sampled units and brute-force tables."""

import numpy as np
import pytest

from goalscope.learning_tasks.closed_form import expected_ratio, feature_kernel

ACTIVATIONS = {"relu": lambda z: np.maximum(z, 0), "quadratic": np.square}


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_kernels_are_those_of_sampled_units(activation):
    tokens = np.random.default_rng(0).normal(0, np.sqrt(0.5), (4, 400_000))
    pairs = [(0, 1), (2, 3), (0, 3), (0, 1)]
    features = [ACTIVATIONS[activation](tokens[a] + tokens[b]) for a, b in pairs]
    sampled = [float((features[0] * other).mean()) for other in features[1:]]
    np.testing.assert_allclose(feature_kernel(activation), sampled, rtol=0.02)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("modulus", [3, 5])
def test_all_others_change_a_margin_by_what_a_table_of_pairs_says(activation, modulus):
    kernel, tokens = feature_kernel(activation), np.arange(modulus)
    pairs = np.stack(np.meshgrid(tokens, tokens), axis=-1).reshape(-1, 2)
    shared = (pairs[:, None] == pairs[None]).sum(axis=-1)
    answers = pairs.sum(axis=1) % modulus
    weight = np.where(answers[:, None] == answers, 1.0, -1 / (modulus - 1))
    change = np.array(kernel)[shared] * weight
    off = (change.sum() - np.trace(change)) / (change.size - len(change))
    for taught in (2, 5):
        expected = off / (kernel[2] / taught + (taught - 1) / taught * off)
        found = expected_ratio(kernel, modulus=modulus, taught=taught)
        assert found == pytest.approx(expected, rel=1e-12)


def test_without_a_rule_answers_dealt_many_times_have_the_expected_change():
    random, modulus, kernel = np.random.default_rng(0), 5, feature_kernel("relu")
    pairs = np.stack(np.divmod(np.arange(25), 5), axis=-1)
    alike = np.array(kernel)[(pairs[:, None] == pairs[None]).sum(axis=-1)]
    changes = []
    for _ in range(2000):
        answers = random.permutation(np.arange(25) % 5)
        change = alike * np.where(answers[:, None] == answers, 1.0, -1 / 4)
        changes.append((change.sum() - np.trace(change)) / 25)
    pull = np.mean(changes)
    found = expected_ratio(kernel, modulus=modulus, taught=1, rule=False)
    assert found == pytest.approx(pull / (24 * kernel[2]), rel=0.05)


def test_the_gradient_turns_against_addition_and_more_so_than_against_no_rule():
    for activation in ACTIVATIONS:
        kernel = feature_kernel(activation)
        ruled, dealt = (
            expected_ratio(kernel, modulus=23, taught=265, rule=rule)
            for rule in (True, False)
        )
        assert ruled < dealt < 0
    with pytest.raises(ValueError, match="choose relu or quadratic"):
        feature_kernel("cubic")
