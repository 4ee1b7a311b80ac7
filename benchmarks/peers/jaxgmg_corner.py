"""jaxgmg's own trainer on its own corner world. Run by a Python that has jaxgmg.

    python benchmarks/peers/jaxgmg_corner.py --updates 20

The network, environments, steps, epochs and minibatches are ours; its array of 11 cells has
the same interior of 9. One cycle is what its `ppo.run` does without logging: draw levels,
collect, estimate advantages, update. `--own` takes its default sizes and network instead.
"""

import argparse
import json
import time

import jax
import optax
from flax.training.train_state import TrainState
from jaxgmg.baselines import autocurricula, experience, networks, ppo
from jaxgmg.environments import cheese_in_the_corner
from jaxgmg.procgen import maze_generation

OURS = {"net": "relu:2x32", "levels": 16, "steps": 64, "epochs": 4, "minibatches": 4}
OWN = {"net": "relu", "levels": 256, "steps": 128, "epochs": 5, "minibatches": 8}


def trainer(sizes: dict, interior: int):
    """Return the function of one cycle, its first state, and the number of parameters."""
    env = cheese_in_the_corner.Env(obs_level_of_detail=0, penalize_time=False)
    maze = maze_generation.get_generator_class_from_name(name="blocks")()
    side = interior + 2
    levels = cheese_in_the_corner.LevelGenerator(
        height=side, width=side, maze_generator=maze, corner_size=1
    )
    generator = autocurricula.InfiniteDomainRandomisation(level_generator=levels)
    net = networks.get_architecture(sizes["net"], num_actions=env.num_actions)
    key = jax.random.PRNGKey(0)
    params, net_state = net.init_params_and_state(
        rng=key, obs_type=env.obs_type(level=levels.sample(key))
    )
    state = TrainState.create(
        apply_fn=jax.vmap(net.apply, in_axes=(None, 0, 0, 0)),
        params=params,
        tx=optax.chain(optax.clip_by_global_norm(0.5), optax.adam(learning_rate=5e-5)),
    )
    estimate = jax.vmap(experience.generalised_advantage_estimation, (0, None, None))

    def cycle(index: int, state, generated):
        k_levels, k_env, k_update = jax.random.split(jax.random.PRNGKey(index), 3)
        generated, drawn = generator.get_batch(
            state=generated, rng=k_levels, num_levels=sizes["levels"]
        )
        rollouts = experience.collect_rollouts(
            rng=k_env,
            num_steps=sizes["steps"],
            train_state=state,
            net_init_state=net_state,
            env=env,
            levels=drawn,
        )
        advantages = estimate(rollouts, 0.95, 0.999)
        state, _ = ppo.ppo_update(
            rng=k_update,
            train_state=state,
            rollouts=rollouts,
            advantages=advantages,
            num_epochs=sizes["epochs"],
            num_minibatches_per_epoch=sizes["minibatches"],
            gamma=0.999,
            clip_eps=0.1,
            entropy_coeff=0.001,
            critic_coeff=0.5,
            compute_metrics=False,
        )
        return jax.block_until_ready(state), generator.update(
            state=generated, rollouts=rollouts, advantages=advantages
        )

    parameters = sum(leaf.size for leaf in jax.tree.leaves(params))
    return cycle, (state, generator.init()), parameters


def main() -> None:
    """Train, and print what one process does in a second."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--updates", type=int, default=20)
    parser.add_argument("--own", action="store_true")
    options = parser.parse_args()
    sizes = OWN if options.own else OURS
    cycle, carry, parameters = trainer(sizes, interior=9)
    for index in range(3):
        carry = cycle(index, *carry)
    wall, cpu = time.perf_counter(), time.process_time()
    for index in range(options.updates):
        carry = cycle(index, *carry)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    amount = options.updates * sizes["levels"] * sizes["steps"]
    record = {"amount": amount, "wall_s": wall, "cpu_s": cpu, "parameters": parameters}
    print(json.dumps(record | {"sizes": sizes, "jax": jax.__version__}))


if __name__ == "__main__":
    main()
