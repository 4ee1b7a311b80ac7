"""Spectra of networks that add by waves, beside known waves and finite steps."""

import equinox as eqx
import jax
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jax import numpy as jnp
from scipy.stats import rankdata, spearmanr

from goalscope.learning_tasks.examples import example, stacked
from goalscope.learning_tasks.growth import training_loss
from goalscope.learning_tasks.prediction import prediction
from goalscope.learning_tasks.spectrum import (
    amplitudes,
    frequencies,
    partial_correlation,
    rank_correlation,
    spectra,
    template,
)

MODULUS = 7
TASK = {"kind": "addition", "modulus": MODULUS, "share": 0.4}
NETWORK = {"width": 8, "activation": "quadratic"}
FLOATS = st.floats(-5, 5, allow_nan=False).map(lambda value: round(value, 3))


def test_the_template_gives_back_the_waves_of_any_pairs():
    waves = np.array([0.5, -1.0, 2.0])
    tokens = np.arange(MODULUS)
    offset = tokens[:, None, None] + tokens[None, :, None] - tokens
    angles = 2 * np.pi * frequencies(MODULUS)[:, None, None, None] * offset / MODULUS
    logits = np.einsum("f,fabc->abc", waves, np.cos(angles)).reshape(-1, MODULUS)
    among = np.random.default_rng(0).integers(0, 2, MODULUS**2).astype(np.float32)
    found = template(jnp.asarray(logits, jnp.float32), jnp.asarray(among))
    np.testing.assert_allclose(found, waves, atol=1e-5)


def test_a_wave_in_the_weights_has_its_amplitude():
    network, _ = example(np.random.default_rng(0), TASK, NETWORK)
    tokens = np.arange(MODULUS)
    wave = 3 * np.cos(2 * np.pi * 2 * tokens / MODULUS + 0.4)
    first = np.zeros((MODULUS, 8))
    first[:, 0] = wave
    silent = jnp.zeros((MODULUS, 8), jnp.float32)
    planted = eqx.tree_at(
        lambda n: (n.first, n.second), network, (jnp.asarray(first, jnp.float32), silent)
    )
    expected = [0, 3 * np.sqrt(MODULUS / 2), 0]
    np.testing.assert_allclose(amplitudes(planted), expected, atol=1e-5)


def test_growth_of_the_spectrum_is_that_of_a_small_step():
    network, cases = example(np.random.default_rng(0), TASK, NETWORK)
    found = spectra(*(stacked([each]) for each in (network, cases)))
    gradient, size = eqx.filter_grad(training_loss)(network, cases), 0.05
    ahead, behind = (
        jax.tree.map(lambda w, g, s=step: w - s * g, network, gradient)
        for step in (size, -size)
    )
    weights = (amplitudes(ahead) - amplitudes(behind)) / (2 * size)
    logits = [template(net(cases.inputs), cases.held) for net in (ahead, behind)]
    np.testing.assert_allclose(found.growth[0], weights, rtol=0.02, atol=1e-3)
    slope = (logits[0] - logits[1]) / (2 * size)
    np.testing.assert_allclose(found.template[0], slope, rtol=0.02, atol=1e-3)


@given(pairs=st.lists(st.tuples(FLOATS, FLOATS, FLOATS), min_size=6, max_size=12))
def test_correlations_of_ranks_are_those_of_scipy_and_of_residuals(pairs):
    x, y, z = np.array(pairs).T
    if min(len(np.unique(each)) for each in (x, y, z)) < 4:
        return
    assert rank_correlation(x, y) == pytest.approx(spearmanr(x, y).statistic, abs=1e-9)  # pyright: ignore[reportAttributeAccessIssue]
    design = np.stack([np.ones(len(z)), rankdata(z)], axis=1)
    rest = [
        rankdata(each) - design @ np.linalg.lstsq(design, rankdata(each), rcond=None)[0]
        for each in (x, y)
    ]
    if min(np.linalg.norm(each) for each in rest) < 1e-3:
        return
    expected = np.corrcoef(*rest)[0, 1]
    assert partial_correlation(x, y, z) == pytest.approx(expected, abs=1e-6)


def test_a_start_that_is_the_end_predicts_it_and_a_stranger_does_not():
    agents = [
        stacked(
            [example(np.random.default_rng([seed, i]), TASK, NETWORK)[k] for i in range(2)]
        )
        for seed in range(2)
        for k in (0, 1)
    ]
    own, strangers = (agents[0], agents[1]), (agents[2], agents[3])
    values, null = prediction(own, own[0], [strangers])
    np.testing.assert_allclose(values[:, 0], 1)
    assert np.all(np.isfinite(null))
    task = {"kind": "parity", "length": 8, "degree": 2, "count": 20}
    signs = example(np.random.default_rng(0), task, {"width": 4})
    alone = [stacked([each]) for each in signs]
    with pytest.raises(TypeError, match="networks on pairs"):
        spectra(*alone)
