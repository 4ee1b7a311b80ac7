import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope.agents.conv import Conv, neighbourhoods, one_hot_neighbourhoods


def _convolve(planes, kernel):
    """JAX's own convolution of `[H, W, C]` with `[9 C, O]`, zero outside."""
    kernel = jnp.asarray(kernel).reshape(3, 3, planes.shape[-1], -1)
    return jax.lax.conv_general_dilated(
        jnp.asarray(planes)[None],
        kernel,
        (1, 1),
        "SAME",
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
    )[0]


def test_neighbourhoods_times_a_kernel_is_a_convolution(rng):
    planes = rng.standard_normal((4, 5, 3), np.float32)
    kernel = rng.standard_normal((27, 2), np.float32)
    rows = neighbourhoods(jnp.asarray(planes)) @ kernel
    expected = _convolve(planes, kernel).reshape(20, 2)
    np.testing.assert_allclose(rows, expected, rtol=1e-4, atol=1e-5)


def test_neighbourhoods_of_one_hot_planes_are_looked_up():
    for cell in range(12):
        plane = np.eye(12, dtype=np.float32)[cell].reshape(3, 4, 1)
        expected = neighbourhoods(jnp.asarray(plane))
        np.testing.assert_array_equal(one_hot_neighbourhoods(3, 4)[cell], expected)


def test_the_network_is_a_convolutional_network_over_all_planes(world, table, rng):
    agent = Conv.init(rng, world, channels=(3, 2), width=5)
    mouse = np.eye(9, dtype=np.float32)[4].reshape(1, 3, 3)
    planes = np.concatenate([table.view, np.ones((1, 3, 3), np.float32), mouse])
    level = np.asarray(agent.level.weight).reshape(9, 3, 3)
    kernel = np.concatenate([level, np.asarray(agent.mouse)[:, None]], 1).reshape(36, 3)
    first = jax.nn.relu(_convolve(np.moveaxis(planes, 0, -1), kernel))
    second = jax.nn.relu(_convolve(first, agent.hidden[0].weight))
    further = agent.tokens.tables[0][table.tokens[4, 1]]
    features = jax.nn.relu(second.ravel() @ agent.flat.weight + further)
    response = agent(agent.embed(table.view), table.tokens[4], ())
    np.testing.assert_allclose(
        response.logits, features @ agent.policy.weight, rtol=1e-4, atol=1e-6
    )


def test_the_network_sees_where_the_mouse_is(world, table, rng):
    agent = Conv.init(rng, world, channels=(3,), width=5)
    context = agent.embed(table.view)
    values = {float(agent(context, jnp.array([cell, 0]), ()).value) for cell in range(9)}
    assert len(values) == 9


def test_widths_and_channels_must_be_positive(world, rng):
    with pytest.raises(ValueError, match="one positive number"):
        Conv.init(rng, world, channels=(4, 0))
