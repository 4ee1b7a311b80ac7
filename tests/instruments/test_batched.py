import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp

from goalscope import solve
from goalscope.goals import stack
from goalscope.instruments.batched import TOLERANCE, returns, soft_policies

BETAS = np.array([0.5, 4.0, 200.0], np.float32)
NUM_STEPS = 24


def test_many_soft_policies_equal_one_at_a_time(sheet, goals):
    together = eqx.filter_jit(soft_policies)(
        sheet.tables, stack(goals), jnp.asarray(BETAS), jnp.float32(0.9), num_steps=200
    )

    @eqx.filter_jit
    def alone(tables, goal, beta):
        def each(table):
            return solve.soft_policy(table, goal, beta, 0.9, num_steps=200)

        return jax.vmap(each)(tables)

    for g, goal in enumerate(goals):
        for b, beta in enumerate(BETAS):
            expected = alone(sheet.tables, goal, jnp.float32(beta))
            found = together[..., g, b]
            np.testing.assert_allclose(found, expected, atol=2 * TOLERANCE)


def test_many_returns_equal_one_at_a_time(sheet, goals, rng):
    table = jax.tree.map(lambda leaf: leaf[0], sheet.tables)
    policies = rng.dirichlet(np.ones(4), size=(3, 16)).astype(np.float32)
    together = returns(
        table, jnp.asarray(policies), stack(goals), jnp.float32(0.97), num_steps=NUM_STEPS
    )
    for p, policy in enumerate(policies):
        for g, goal in enumerate(goals):
            expected = solve.evaluate(
                table, jnp.asarray(policy), goal, 0.97, num_steps=NUM_STEPS
            )
            np.testing.assert_allclose(together[:, p, g], expected, atol=1e-5)
