"""Stable-Baselines3's PPO on a NumPy copy of the plain world. Run by its own Python.

    python benchmarks/peers/sb3_plain.py --updates 20

One process, one thread of torch. Sizes are those of our benchmark: 16 environments, 64
steps, 4 epochs, 4 minibatches, hidden layers of 32 (policy and value have their own, so
that it has about twice the parameters). Every episode draws a new level.
"""

import argparse
import json
import time

import gymnasium
import numpy as np
import stable_baselines3
import torch
from stable_baselines3.common.vec_env import VecEnv

SIZE, HORIZON, NUM_ACTIONS = 9, 64, 5
ROWS, COLUMNS = np.array([-1, 0, 1, 0, 0]), np.array([0, -1, 0, 1, 0])


class PlainWorlds(VecEnv):
    """Environments side by side in NumPy; observations are one-hot."""

    def __init__(self, count: int):
        self.rng = np.random.default_rng(0)
        self.cells = np.zeros((count, 3), int)
        self.elapsed = np.zeros(count, int)
        self.actions = np.zeros(count, int)
        space = gymnasium.spaces.Box(0.0, 1.0, (3 * SIZE**2,), np.float32)
        super().__init__(count, space, gymnasium.spaces.Discrete(NUM_ACTIONS))

    def restart(self, which: np.ndarray) -> None:
        """Put agent, goal and coin of these environments into three different cells."""
        first, second, third = (
            self.rng.integers(0, SIZE**2 - taken, len(which)) for taken in range(3)
        )
        second += second >= first
        low, high = np.minimum(first, second), np.maximum(first, second)
        third += third >= low
        third += third >= high
        self.cells[which] = np.stack([first, second, third], 1)
        self.elapsed[which] = 0

    def seen(self) -> np.ndarray:
        """Return the observations of all environments."""
        hot = np.zeros((self.num_envs, 3, SIZE**2), np.float32)
        np.put_along_axis(hot, self.cells[..., None], 1.0, 2)
        return hot.reshape(self.num_envs, -1)

    def reset(self) -> np.ndarray:
        self.restart(np.arange(self.num_envs))
        return self.seen()

    def step_async(self, actions: np.ndarray) -> None:
        self.actions = actions

    def step_wait(self):
        cell = self.cells[:, 0]
        row = np.clip(cell // SIZE + ROWS[self.actions], 0, SIZE - 1)
        column = np.clip(cell % SIZE + COLUMNS[self.actions], 0, SIZE - 1)
        self.cells[:, 0] = row * SIZE + column
        self.elapsed += 1
        found = self.cells[:, 0] == self.cells[:, 1]
        over = found | (self.elapsed >= HORIZON)
        infos = [{} for _ in range(self.num_envs)]
        last = self.seen()
        for index in np.flatnonzero(over):
            infos[index] = {
                "terminal_observation": last[index],
                "TimeLimit.truncated": not found[index],
            }
        self.restart(np.flatnonzero(over))
        return self.seen(), found.astype(np.float32), over, infos

    def close(self) -> None:
        pass

    def get_attr(self, attr_name, indices=None):
        return [getattr(self, attr_name, None)] * self.num_envs

    def set_attr(self, attr_name, value, indices=None) -> None:
        raise NotImplementedError

    def env_method(self, method_name, *args, indices=None, **kwargs):
        raise NotImplementedError

    def env_is_wrapped(self, wrapper_class, indices=None):
        return [False] * self.num_envs


def main() -> None:
    """Train, and print what one process does in a second."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--updates", type=int, default=20)
    updates = parser.parse_args().updates
    torch.set_num_threads(1)
    model = stable_baselines3.PPO(
        "MlpPolicy",
        PlainWorlds(16),
        n_steps=64,
        batch_size=256,
        n_epochs=4,
        policy_kwargs={"net_arch": [32, 32]},
        device="cpu",
    )
    model.learn(1024)
    wall, cpu = time.perf_counter(), time.process_time()
    model.learn(1024 * updates)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    parameters = sum(leaf.numel() for leaf in model.policy.parameters())
    print(
        json.dumps(
            {
                "amount": 1024 * updates,
                "wall_s": wall,
                "cpu_s": cpu,
                "parameters": parameters,
                "stable_baselines3": stable_baselines3.__version__,
                "torch": torch.__version__,
            }
        )
    )


if __name__ == "__main__":
    main()
