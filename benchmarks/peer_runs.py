"""Peers beside us: one process a core, each with one thread, all at once."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "peers"
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "JAX_PLATFORMS": "cpu",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
}


def stable_baselines3(python: str, processes: int, rounds: int) -> list[dict[str, Any]]:
    """Return the record of Stable-Baselines3 under this Python."""
    return [peer("Stable-Baselines3", [python, script("sb3_plain")], processes, rounds)]


def jaxgmg(python: str, processes: int, rounds: int) -> list[dict[str, Any]]:
    """Return the records of jaxgmg under this Python: at our sizes, and at its own."""
    command = [python, script("jaxgmg_corner")]
    own = [*command, "--own", "--updates", "3"]
    return [
        peer("jaxgmg, our sizes and network", command, processes, rounds),
        peer("jaxgmg, its own sizes and network", own, processes, rounds),
    ]


def script(name: str) -> str:
    """Return the path of a program in `peers`."""
    return str(FOLDER / f"{name}.py")


def peer(name: str, command: list[str], processes: int, rounds: int) -> dict[str, Any]:
    """Return the record of the round in which all processes together were fastest."""
    answers = [together(command, processes) for _ in range(rounds)]
    totals = [sum(a["amount"] / a["wall_s"] for a in group) for group in answers]
    per_cpu = [max(a["amount"] / a["cpu_s"] for a in group) for group in answers]
    return {
        "case": name,
        "group": "peer",
        "unit": "agent-environment-steps",
        "processes": processes,
        "best_per_s": max(totals),
        "best_per_cpu_s": max(per_cpu),
        "rounds": answers,
    }


def together(command: list[str], processes: int) -> list[dict[str, Any]]:
    """Return what the processes printed, which were started at the same time."""
    environment = os.environ | ONE_THREAD
    running = [
        subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(processes)
    ]
    outputs = [process.communicate()[0] for process in running]
    failed = [process.returncode for process in running if process.returncode]
    if failed:
        raise RuntimeError(f"{' '.join(command)} ended with {failed}")
    return [json.loads(output.splitlines()[-1]) for output in outputs]
