"""What a result was computed with: versions, machine and flags; no names, no secrets."""

import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("goalscope", "jax", "jaxlib", "equinox", "optax", "numpy", "scipy")
FLAGS = ("XLA_FLAGS", "JAX_ENABLE_X64", "JAX_DEFAULT_MATMUL_PRECISION", "JAX_PLATFORMS")


def fingerprint(**device: str) -> dict[str, str]:
    """Return what decides the bits of a result on this machine, without importing JAX.

    Args:
        device: what only a process with JAX knows, such as `device="cpu"`.
    """
    packages = {name: _version(name) for name in PACKAGES}
    flags = {name: os.environ[name] for name in FLAGS if name in os.environ}
    machine = {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
    }
    return {**machine, **packages, **flags, **_commit(), **device}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines()
    except OSError:
        return platform.processor()
    names = (
        line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")
    )
    return next(names, platform.processor())


def _commit() -> dict[str, str]:
    """Return the commit of our own checkout, or nothing if we are installed elsewhere."""
    here = Path(__file__).resolve().parent
    tracked = _git(here, "ls-files", "--error-unmatch", Path(__file__).name)
    if not tracked:
        return {}
    dirty = _git(here, "status", "--porcelain", "--", ".")
    return {
        "commit": _git(here, "rev-parse", "HEAD"),
        "uncommitted": "yes" if dirty else "no",
    }


def _git(folder: Path, *words: str) -> str:
    try:
        done = subprocess.run(
            ["git", "--no-optional-locks", "-C", str(folder), *words],
            capture_output=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else ""
