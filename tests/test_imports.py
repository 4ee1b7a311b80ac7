"""Which module may know which: layers, no cycles, and no JAX where reading is enough."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from goalscope.discovery import find

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src"

# Whatever computes imports JAX; every other module does not, today and in future.
COMPUTES = {
    "worlds", "agents", "training", "instruments", "experiments",
    "goals", "answers", "rollout", "solve", "population", "experiment", "describe", "cells",
    "measurement", "meanings",
    "laboratory", "replay", "separate", "tabular", "probing", "dynamics", "testing", "zoo",
    "calibrating", "trials", "incentives", "goal_slot", "learning_tasks", "procedure",
    "training_game",
    "level_design", "parameter_groups", "remeasuring", "auditing",
    "world_check", "world_faults",
}  # fmt: skip
# What is found without being computed: the folders themselves, pictures of levels, and
# what a driver asks and tells.
READS = {
    "worlds", "agents", "training", "instruments", "experiments", "zoo", "tabular",
    "probing", "dynamics", "calibrating", "trials", "worlds.drawing",
    "remeasuring", "remeasuring.reference", "auditing", "auditing.answering",
    "auditing.arrays", "auditing.asking", "auditing.auditor", "auditing.measurer",
    "auditing.policies", "auditing.record", "auditing.refusal",
    "auditing.tabulating", "auditing.verdict",
}  # fmt: skip

IMPORT_ALL = """
import importlib, json, sys
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
    if {"jax", "equinox"} & set(sys.modules):
        sys.exit(f"{name} imports JAX")
print(json.dumps("none of them"))
"""

START_NOTHING = """
import importlib, json, sys
from jax._src import xla_bridge
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
    if xla_bridge.backends_are_initialized():
        sys.exit(f"{name} starts a device")
print(json.dumps("none of them"))
"""


def modules() -> list[str]:
    relative = (path.relative_to(SOURCE).with_suffix("") for path in SOURCE.rglob("*.py"))
    names = (".".join(path.parts).removesuffix(".__init__") for path in relative)
    return sorted(name for name in names if not name.endswith("__main__"))


def computes(name: str) -> bool:
    inside = name.removeprefix("goalscope").removeprefix(".")
    return inside.split(".")[0] in COMPUTES and inside not in READS


def answer(program: str, names: list[str]) -> object:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, json.dumps(names)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_reading_results_needs_no_jax():
    quiet = [name for name in modules() if not computes(name)]
    assert "goalscope" in quiet
    assert answer(IMPORT_ALL, quiet) == "none of them"


def test_what_computes_exists():
    assert {name for name in COMPUTES if f"goalscope.{name}" not in modules()} == set()


def test_importing_starts_no_device():
    assert answer(START_NOTHING, modules()) == "none of them"


def test_a_command_starts_without_what_only_some_commands_need():
    """These take longer to import than most messages of the command line to find."""
    starts = ["goalscope.cli.running", "goalscope.cells", "goalscope.experiments"]
    slow = ["scipy.stats", "scipy.optimize", "hypothesis", "beartype"]
    program = f"""
import importlib, json, sys
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
print(json.dumps([name for name in {slow} if name in sys.modules]))
"""
    assert answer(program, starts) == []


@pytest.mark.parametrize("kind", ["worlds", "trainers", "instruments", "experiments"])
def test_things_of_one_kind_do_not_know_each_other(kind: str):
    known = {entry.module for entry in find(kind)}
    folders = {entry.path.parent for entry in find(kind)}
    guilty = [
        (path.name, name)
        for folder in folders
        for path in folder.glob("*.py")
        for name in imported(path)
        if name in known
    ]
    assert guilty == []


def imported(path: Path) -> set[str]:
    """Return the modules that a file imports from, anywhere in it."""
    tree = ast.parse(path.read_text("utf-8"))
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    names = {f"{node.module}.{alias.name}" for node in nodes for alias in node.names}
    return names | {node.module or "" for node in nodes}


def test_import_contracts_are_kept():
    command = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [command, "--no-cache", "--no-logo"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
