"""Chain-draws a second on reduced-rank regression, beside devinterp's.

    python -m benchmarks.learning_coefficients --devinterp-python PYTHON

Both take all 1000 data in every step, in one thread: 5 inputs, 3 hidden units, 5 outputs,
rank 2, 30 parameters, 4 chains.
"""

import argparse
import os
import time
from typing import Any

from benchmarks.peer_runs import ONE_THREAD, peer, script

NUM_BURN_IN, NUM_DRAWS, NUM_CHAINS, ROUNDS = 2000, 4000, 4, 5


def ours() -> dict[str, Any]:
    """Return our record: the best round of five, after compiling."""
    import equinox as eqx
    import jax
    import numpy as np
    from jax import numpy as jnp

    from goalscope.dynamics.local_learning_coefficient import local_learning_coefficient
    from goalscope.dynamics.reduced_rank import Dimensions, Weights, true_weights
    from goalscope.dynamics.sampler import Sampler, tempered_count

    rng = np.random.default_rng(0)
    truth = jax.tree.map(jnp.float32, true_weights(rng, Dimensions(5, 3, 5, 2)))
    inputs = jnp.asarray(rng.standard_normal((1000, 5)), jnp.float32)
    targets = inputs @ (truth.second @ truth.first).T

    def loss(weights: Weights, data: tuple) -> jax.Array:
        inputs, targets = data
        errors = (inputs @ weights.first.T) @ weights.second.T - targets
        return jnp.mean(jnp.sum(errors**2, axis=1)) / 2

    sampler = Sampler(
        tempered_count(1000),
        num_chains=NUM_CHAINS,
        num_burn_in=NUM_BURN_IN,
        num_draws=NUM_DRAWS,
    )
    read = eqx.filter_jit(
        lambda key: (
            local_learning_coefficient(
                key, loss, truth, (inputs, targets), sampler=sampler
            ).value
        )
    )
    read(jax.random.key(0)).block_until_ready()
    rounds = []
    for index in range(ROUNDS):
        wall, cpu = time.perf_counter(), time.process_time()
        value = float(read(jax.random.key(index)))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        rounds.append({"wall_s": wall, "cpu_s": cpu, "mean": value})
    amount = NUM_CHAINS * (NUM_BURN_IN + NUM_DRAWS)
    return {
        "case": "goalscope",
        "unit": "chain-draws",
        "best_per_s": amount / min(each["wall_s"] for each in rounds),
        "best_per_cpu_s": amount / min(each["cpu_s"] for each in rounds),
        "rounds": rounds,
    }


def main() -> None:
    """Print chain-draws a CPU second, and the ratio if devinterp is there."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devinterp-python", metavar="PYTHON")
    options = parser.parse_args()
    os.environ |= ONE_THREAD
    mine = ours()
    print(f"goalscope: {mine['best_per_cpu_s']:.0f} chain-draws a CPU second")
    if options.devinterp_python:
        command = [options.devinterp_python, script("devinterp_rank")]
        theirs = peer("devinterp", command, 1, ROUNDS)
        print(f"devinterp: {theirs['best_per_cpu_s']:.1f} chain-draws a CPU second")
        print(f"ratio {mine['best_per_cpu_s'] / theirs['best_per_cpu_s']:.0f}")


if __name__ == "__main__":
    main()
