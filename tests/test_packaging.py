"""What a fresh machine relies on: the locks, the versions, and no address but our own."""

import re
import subprocess
import tomllib
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements.lock", "requirements-dev.lock")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

PIN = re.compile(r"^([a-z0-9-]+)==([^ ]+)((?: ;[^\\]*)?) \\$")
REGISTRY = re.compile(
    r"pypi\.(org|python)|python[h]osted|npmjs\.|(^|\s)--(extra-)?index-url[ =]"
)
MACHINE = re.compile(r"(?<![\w.~-])/(home|root|Users|work|opt|mnt|media)/\w")


def pins(lock: str) -> set[tuple[str, str, str]]:
    lines = (ROOT / lock).read_text("utf-8").splitlines()
    matches = [match for line in lines if (match := PIN.match(line))]
    return {(match[1], match[2], match[3]) for match in matches}


@cache
def tracked() -> tuple[Path, ...]:
    done = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip("not a git checkout")
    return tuple(ROOT / name for name in done.stdout.decode().split("\0") if name)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_of_a_lock_carries_a_hash(lock: str):
    text = (ROOT / lock).read_text("utf-8")
    assert len(pins(lock)) == len(re.findall(r"^\S+==", text, re.MULTILINE)) > 20
    for block in re.split(r"^(?=\S)", text, flags=re.MULTILINE):
        assert block.startswith("#") or not block or "--hash=sha256:" in block


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_address(lock: str):
    text = (ROOT / lock).read_text("utf-8")
    assert not re.search(r"https?:|file:|/", text)


def test_a_run_and_its_tests_use_the_same_versions():
    run, development = map(pins, LOCKS)
    assert run < development


def test_every_requirement_is_locked():
    locked = {name for name, _, _ in pins("requirements-dev.lock")}
    extras = PROJECT["optional-dependencies"]["dev"]
    wanted = {re.split(r"[\[><=;]", line)[0] for line in PROJECT["dependencies"] + extras}
    assert wanted <= locked


def test_the_version_is_the_same_everywhere():
    current = PROJECT["version"]
    assert version("goalscope") == current
    assert f"\nversion: {current}\n" in (ROOT / "CITATION.cff").read_text("utf-8")
    assert f"\n## [{current}]" in (ROOT / "CHANGELOG.md").read_text("utf-8")


def test_no_file_names_a_registry_or_a_machine():
    guilty = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for path in tracked()
        if path.is_file() and path.suffix not in (".png", ".safetensors")
        for line in path.read_text("utf-8").splitlines()
        if REGISTRY.search(line) or MACHINE.search(line)
    ]
    assert guilty == []


def test_every_target_of_the_makefile_has_help():
    text = (ROOT / "Makefile").read_text("utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", text, re.MULTILINE)
    assert phony is not None
    helped = set(re.findall(r"^([a-z]+):.*## .", text, re.MULTILINE))
    assert helped == set(phony[1].split())
