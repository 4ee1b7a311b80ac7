"""How long from an empty process to the first point of a learning curve."""

import os
import resource
import subprocess
import sys
import tempfile
import time
from typing import Any

PROGRAM = """
import jax, numpy as np
from goalscope.agents.base import Build
from goalscope.agents.mlp import MLP
from goalscope.goals import reach
from goalscope.population import Conditions, Plan, agent_keys, build, train
from goalscope.training.ppo import PPO
from goalscope.worlds.corner import Corner
world, numbers = Corner(), np.arange(16)
agents = build(0, numbers, Build(MLP, {"widths": (32, 32)}), world)
conditions = Conditions(PPO(num_environments=16), world, reach(world, "cheese"))
plan = Plan(chunk=8, devices=2)
for segment in train(agent_keys(0, numbers), agents, conditions, until=(0, 1), plan=plan):
    returned = segment.metrics["return"]
print(float(np.mean(returned)))
"""


def measure() -> list[dict[str, Any]]:
    """Return the records of a start without and with a cache of compiled programs."""
    with tempfile.TemporaryDirectory() as folder:
        return [first_point(kind, folder) for kind in ("cold", "warm")]


def first_point(kind: str, folder: str) -> dict[str, Any]:
    """Return the record of one process, which finds and leaves compiled programs."""
    cache = {
        "JAX_COMPILATION_CACHE_DIR": folder,
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        "JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES": "-1",
    }
    before, wall = cpu_of_children(), time.perf_counter()
    command = [sys.executable, "-c", PROGRAM]
    subprocess.run(command, check=True, env=os.environ | cache, capture_output=True)
    return {
        "case": f"first point of a curve, {kind} start",
        "group": "start",
        "unit": "s",
        "wall_s": [time.perf_counter() - wall],
        "cpu_s": [cpu_of_children() - before],
    }


def cpu_of_children() -> float:
    """Return the CPU seconds of all processes that were started and have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
