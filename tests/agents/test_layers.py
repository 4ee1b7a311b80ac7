import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jax import numpy as jnp

from goalscope.agents import layers


@given(
    sizes=st.lists(st.integers(1, 5), min_size=1, max_size=3),
    seed=st.integers(0, 2**16),
)
def test_the_embedding_is_a_dense_layer_on_one_hot_tokens(sizes, seed):
    rng = np.random.default_rng(seed)
    embedding = layers.embedding(rng, sizes, 4)
    tokens = [int(rng.integers(size)) for size in sizes]
    hot = np.concatenate(
        [np.eye(size)[token] for size, token in zip(sizes, tokens, strict=True)]
    )
    weight = np.concatenate([np.asarray(table) for table in embedding.tables])
    np.testing.assert_allclose(
        embedding(jnp.array(tokens)), hot @ weight, rtol=1e-5, atol=1e-6
    )


def test_a_dense_layer_keeps_the_scale_of_its_inputs():
    rng = np.random.default_rng(0)
    layer = layers.dense(rng, 400, 300, scale=0.5)
    outputs = rng.standard_normal((50, 400)) @ np.asarray(layer.weight)
    assert abs(outputs.std() - 0.5) < 0.02
    assert not np.any(layer.bias)


def test_summed_rows_of_an_embedding_have_the_scale_asked_for():
    embedding = layers.embedding(np.random.default_rng(0), (500, 500, 500), 40, scale=2.0)
    rows = np.sum([np.asarray(table) for table in embedding.tables], axis=0)
    assert abs(rows.std() - 2.0) < 0.05


def test_an_unknown_activation_is_refused_by_name():
    with pytest.raises(ValueError, match=r"'gelu'.*tanh, relu"):
        layers.check_activation("gelu")


@pytest.mark.parametrize("widths", [(), (8, 0)])
def test_widths_must_be_positive(widths):
    with pytest.raises(ValueError, match="one positive number"):
        layers.check_widths(widths)
