"""What the numbers were taken on, and how fast it can multiply."""

import os
import platform
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np


def description() -> dict[str, Any]:
    """Return versions, processor, cores and flags."""
    packages = ("jax", "jaxlib", "equinox", "optax", "numpy", "goalscope")
    return {
        "cpu": cpu_model(),
        "cores": len(os.sched_getaffinity(0)),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "xla_flags": os.environ.get("XLA_FLAGS", ""),
        **{package: version(package) for package in packages},
    }


def cpu_model() -> str:
    """Return the processor's name where the system says it."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def matmul_peak(seconds: float = 1.0, size: int = 1024) -> float:
    """Return the most float32 operations per second that NumPy's BLAS gets, all cores."""
    left = np.random.default_rng(0).standard_normal((size, size), np.float32)
    out, best, begin, done = np.empty_like(left), np.inf, time.perf_counter(), 0
    while done < 10 or time.perf_counter() < begin + seconds:
        before = time.perf_counter()
        np.matmul(left, left, out=out)
        best, done = min(best, time.perf_counter() - before), done + 1
    return 2 * size**3 / best
