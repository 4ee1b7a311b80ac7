"""`goalscope audit` as a user types it: good agents, hostile ones, and stored ones."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLE = str(ROOT / "docs" / "examples" / "audited_policy.py")
WORLD = "Corner(size=4, horizon=12, shifted_share=1)"

SEEKER = Path(EXAMPLE).read_text()
HOSTILE = {
    "nan.py": f'world = "{WORLD}"\ndef policy(view, tokens): return [float("nan")] * 4',
    "loop.py": "while True: pass",
    "exit.py": "import sys; sys.exit(3)",
    "nowhere.py": "def policy(view, tokens): return [1, 0, 0, 0]",
    "mars.py": 'world = "Mars"\ndef policy(view, tokens): return [1, 0, 0, 0]',
}
SAID = {
    "nan.py": "not finite",
    "loop.py": "took more than 5 s",
    "exit.py": "calls sys.exit(3)",
    "nowhere.py": "says no world",
    "mars.py": "no world 'Mars'",
}


def goalscope(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "goalscope", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd)


@pytest.fixture(scope="module")
def audited(tmp_path_factory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """An audit of a good policy between hostile ones."""
    folder = tmp_path_factory.mktemp("audit")
    (folder / "seeker.py").write_text(
        SEEKER.replace('"Corner(shifted_share=1)"', f'"{WORLD}"')
    )
    for name, source in HOSTILE.items():
        (folder / name).write_text(source)
    names = [*[*HOSTILE][:3], "seeker.py", *[*HOSTILE][3:]]
    done = goalscope("audit", *names, "--timeout", "5", "--json", cwd=folder)
    return folder, done


def test_each_agent_gets_its_verdict_and_one_bad_one_fails_the_command(audited):
    _, done = audited
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    audits = {a["subject"]: a for a in json.loads(done.stdout)["audits"]}
    for name, said in SAID.items():
        assert audits[name]["verdict"] == "not audited"
        assert said in audits[name]["refused"]
    assert audits["seeker.py"]["verdict"] == "goal"
    assert audits["seeker.py"]["goals"] == ["cheese"]
    assert audits["seeker.py"]["ruled_out"] == ["corner"]
    assert audits["seeker.py"]["calibration"]["passed"]


def test_the_page_holds_every_agent(audited):
    folder, done = audited
    page = folder / json.loads(done.stdout)["page"]
    html = page.read_text()
    assert html.startswith("<!doctype html>")
    assert all(name in html for name in [*SAID, "seeker.py"])
    assert "<script" not in html
    assert html.count("<svg") > 5


def test_a_stored_agent_is_audited_among_its_candidates(finished, tmp_path):
    result = str(finished)
    options = ("--agent", "2", "--arm", "alpha=1", "--checkpoint", "0")
    done = goalscope("audit", result, *options, "--out", "page.html", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "alpha=1, agent 2, checkpoint 0" in done.stdout
    for words in ("cheese", "corner", "none of these", "lookup table", "planted agents"):
        assert words in done.stdout
    assert (tmp_path / "page.html").exists()
    wrong = goalscope("audit", result, "--agent", "99", cwd=tmp_path)
    assert wrong.returncode == 1
    assert "the agents of alpha=0 are 0 to 3" in " ".join(wrong.stdout.split())


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), "name a policy file"),
        (("no/such.py",), "there is no 'no/such.py'"),
        (("/dev/null",), "neither a Python file nor the folder of a result"),
        ((".",), "holds no result"),
        ((EXAMPLE, "--num-levels", "1"), "--num-levels 1: at least 8"),
        ((EXAMPLE, "--timeout", "0"), "--timeout 0"),
        ((EXAMPLE, "--seed", "-1"), "a seed is 0 or more"),
        ((EXAMPLE, f"--seed={2**63}"), "at most 4294967295"),
        ((EXAMPLE, "--levels", "shfted"), "Did you mean shifted"),
        ((".", "--world", "Corner"), "a result, and its agents have a world"),
    ],
)
def test_a_mistake_in_the_command_is_one_message(arguments, expected, tmp_path):
    done = goalscope("audit", *arguments, cwd=tmp_path)
    assert done.returncode == 2, done.stdout
    assert expected in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "results").exists()


def test_the_driver_starts_no_jax(tmp_path):
    code = (
        "import sys\n"
        "from goalscope.cli.app import main\n"
        "try: main(sys.argv[1:])\n"
        "finally: assert not {'jax', 'equinox'} & set(sys.modules)\n"
    )
    for arguments in (("audit", "--help"), ("measure", "--help"), ("audit", EXAMPLE, "-h")):
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            capture_output=True, text=True, check=False, cwd=tmp_path,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
