"""Agents of known degeneracy: their ranks, and how flat their behaviour is at its point."""

import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope.agents.reduced_rank import ReducedRankPolicy, exact_coefficients
from goalscope.testing import check_agent
from goalscope.worlds.corner import Corner
from goalscope.zoo.reduced_rank import ReducedRankKind

WORLD = Corner(shifted_share=1.0, size=4, horizon=16)
KIND = ReducedRankKind()


def plant(dose, seed=0) -> ReducedRankPolicy:
    rng = np.random.default_rng(seed)
    agent = KIND.plant(rng, WORLD, feature="corner", dose=dose)
    assert isinstance(agent, ReducedRankPolicy)
    return agent


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_the_dose_is_the_rank_of_what_it_computes(rank):
    agent = plant(float(rank))
    product = np.asarray(agent.second) @ np.asarray(agent.first)
    assert np.linalg.matrix_rank(product, tol=1e-5) == rank
    assert exact_coefficients(agent, rank)["all"] == 4.5 + rank


def test_logits_are_about_as_large_whatever_the_rank():
    tokens = np.stack(np.meshgrid(np.arange(16), np.arange(16)), -1).reshape(-1, 2)
    for rank in (1.0, 2.0, 3.0):
        sizes = []
        for seed in range(12):
            agent = plant(rank, seed)
            logits = jax.vmap(lambda t, agent=agent: agent((), t, ()).logits)(
                jnp.asarray(tokens)
            )
            sizes.append(float(jnp.std(logits)))
        assert 0.5 < np.mean(sizes) < 1.6


@pytest.mark.parametrize("rank", [1, 2])
def test_one_layer_alone_is_flat_in_all_but_twice_its_coefficient_directions(rank):
    agent = plant(float(rank))
    tokens = jnp.asarray(
        np.stack(np.meshgrid(np.arange(16), np.arange(16)), -1).reshape(-1, 2)
    )
    inputs = jax.vmap(agent.inputs)(tokens)
    truth = jax.nn.log_softmax(inputs @ (agent.second @ agent.first).T)

    def divergence(layers):
        logs = jax.nn.log_softmax(inputs @ (layers["goal"] @ layers["capability"]).T)
        return jnp.mean(jnp.sum(jnp.exp(truth) * (truth - logs), axis=-1))

    layers = {"goal": agent.second, "capability": agent.first}
    exact = exact_coefficients(agent, rank)
    for name, layer in layers.items():
        flat = jnp.ravel(layer)
        hessian = jax.hessian(
            lambda flat, name=name, layer=layer: divergence(
                layers | {name: flat.reshape(layer.shape)}
            )
        )(flat)
        found = np.linalg.matrix_rank(np.asarray(hessian), tol=1e-4)
        assert found == 2 * exact[name]


def test_the_agent_keeps_the_contract():
    check_agent(plant(2.0), WORLD, key=jax.random.key(0))
