"""How tests run: on the CPU, strictly, and compiling each program once."""

import gc
import os
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parents[1]

# JAX reads these when it is first imported, here and in the processes that tests start.
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault(
    "XLA_FLAGS",
    "--xla_backend_optimization_level=0 --xla_cpu_use_fusion_emitters=false "  # soon ready
    "--xla_cpu_parallel_codegen_split_count=1",  # another process has the other core
)
os.environ["JAX_NUMPY_RANK_PROMOTION"] = "raise"
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(ROOT / ".pytest_cache" / "jax"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")

settings.register_profile(
    "here", deadline=None, max_examples=20, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("ci", settings.get_profile("here"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "here")

# Compiled programs are millions of objects that live long: look through them seldom.
gc.set_threshold(200_000, 50, 1000)

MAPS = Path("/proc/self/maps")
MANY_MAPS = 30_000
"""Linux gives a process 65,530 regions of memory; every compiled program takes several,
and a compiler that gets none ends the process."""


@pytest.fixture(autouse=True, scope="module")
def room_for_programs():
    """Forget compiled programs between modules when they take up too much room."""
    yield
    if "jax" not in sys.modules or not MAPS.exists():
        return
    if MAPS.read_bytes().count(b"\n") > MANY_MAPS:
        sys.modules["jax"].clear_caches()
        gc.collect()
