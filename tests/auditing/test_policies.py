"""Whatever a policy file does, it gets one clear verdict, in time, and harms nobody."""

import os
import time
from pathlib import Path

import numpy as np
import pytest

from goalscope.auditing.policies import PolicyProcess
from goalscope.auditing.refusal import RefusedError
from goalscope.auditing.tabulating import Questions, tabulate_policy

QUICK, PATIENT = 2.0, 60.0
HEAD = 'import numpy as np\nworld = "Corner"\n'
POLICY = HEAD + "def policy(view, tokens):\n    "
EVERYWHERE = """import os
    for number in range(3, 99):
        try: os.write(number, {})
        except OSError: pass"""
FINE = "return np.eye(4)[int(tokens[0]) % 4]"

RNG = np.random.default_rng(0)
QUESTIONS = Questions(
    views=RNG.integers(2, size=(3, 2, 3, 3)).astype(np.float32),
    levels=np.repeat(np.arange(3), 5),
    states=np.tile(np.arange(5), 3),
    tokens=np.stack([np.tile(np.arange(5), 3), RNG.integers(16, size=15)], axis=1),
    actions=("up", "left", "down", "right"),
)


def table(folder: Path, source: str, *, seconds: float = PATIENT) -> np.ndarray:
    file = folder / "mine.py"
    file.write_text(source)
    with PolicyProcess(file, seconds=seconds) as process:
        return tabulate_policy(process, process.load(), QUESTIONS)


def verdict(folder: Path, source: str, *, seconds: float = PATIENT) -> str:
    with pytest.raises(RefusedError) as refused:
        table(folder, source, seconds=seconds)
    message = str(refused.value)
    assert "\n" not in message
    assert len(message) < 600
    return message


MALFORMED = {
    "not a number": (POLICY + "return [float('nan'), 1, 0, 0]", "not finite"),
    "infinite": (POLICY + "return [float('inf'), 1, 0, 0]", "not finite"),
    "negative": (POLICY + "return [-1, 2, 0, 0]", "negative numbers"),
    "not probabilities": (POLICY + "return [1, 1, 0, 0]", "do not add up to 1"),
    "too many actions": (POLICY + "return [0.2] * 5", "shape (5,), not (4,)"),
    "a table": (POLICY + "return np.full((4, 4), 0.25)", "shape (4, 4), not (4,)"),
    "an action": (POLICY + "return 2", "np.eye"),
    "nothing": (POLICY + "pass", "a NoneType that holds no numbers"),
    "text": (POLICY + "return 'up'", "a str that holds no numbers: 'up'"),
    "ragged": (POLICY + "return [[1], [0, 0], 0]", "a list that holds no numbers"),
    "complex": (POLICY + "return np.ones(4) * 1j", "holds no numbers"),
    "a generator": (POLICY + "return (x for x in [1, 0, 0, 0])", "a generator that holds"),
    "an error": (POLICY + "raise ValueError('boom')", "raises ValueError: boom (line 4)"),
    "an assertion": (POLICY + "assert False", "raises AssertionError (line 4)"),
    "an interrupt": (POLICY + "raise KeyboardInterrupt", "raises KeyboardInterrupt"),
    "an error that cannot be shown": (
        HEAD + "class E(Exception):\n    def __str__(self): return 1 / 0\n"
        "def policy(view, tokens): raise E",
        "raises E: an error that cannot be shown",
    ),
    "endless depth": (POLICY + "return policy(view, tokens)", "raises RecursionError"),
    "huge": (POLICY + "return np.zeros(10_000_000)", "shape (10000000,), not (4,)"),
    "too much memory": (POLICY + "return np.ones(10**11)", "MemoryError"),
    "chance": (POLICY + "return np.random.dirichlet(np.ones(4))", "differently each time"),
    "memory of its own": (
        HEAD + "seen = []\ndef policy(view, tokens):\n    seen.append(1)\n"
        "    return np.eye(4)[len(seen) % 4]",
        "differently each time",
    ),
    "too few parameters": (HEAD + "def policy(view): return [1, 0, 0, 0]", "TypeError"),
    "input": (POLICY + "return input()", "raises EOFError"),
    "exit": (POLICY + "import sys; sys.exit('bye')", "calls sys.exit('bye')"),
    "exit while loading": (HEAD + "import sys\nsys.exit(0)", "sys.exit(0)"),
    "sudden end": (POLICY + "import os; os._exit(0)", "ended with exit code 0"),
    "crash": (POLICY + "import os; os.kill(os.getpid(), 11)", "killed by SIGSEGV"),
    "suicide": (POLICY + "import os; os.kill(os.getpid(), 9)", "was killed (probably"),
    "no such module": (HEAD + "import no_such_module", "ModuleNotFoundError"),
    "no Python": (HEAD + "def policy(view, tokens) return 1", "is no Python: expected"),
    "no text": ("\0", "is no Python: source code"),
    "no policy": (HEAD, "neither `policy(view, tokens)` nor `policy_batch"),
    "two policies": (
        POLICY + FINE + "\ndef policy_batch(view, tokens): pass",
        "both `policy` and",
    ),
    "a policy that is none": (HEAD + "policy = 3", "neither `policy"),
    "a world that is no text": (POLICY + FINE + "\nworld = len", "`world` is a builtin"),
    "goals that are none": (POLICY + FINE + "\ngoals = (1, 2)", "`goals` are no names"),
    "an unknown kind of answer": (POLICY + FINE + "\nreturns = 'q'", "returns = 'q'"),
    "logits without an action": (
        POLICY + "return np.full(4, -np.inf)\nreturns = 'logits'",
        "no possible action",
    ),
    "logits that are none": (
        POLICY + "return [np.inf, 0, 0, 0]\nreturns = 'logits'",
        "not finite",
    ),
    "a batch that is none": (
        HEAD + "def policy_batch(view, tokens): return [1, 0, 0, 0]",
        "shape (4,), not (5, 4)",
    ),
    "foreign words": (POLICY + EVERYWHERE.replace("{}", "b'{}' * 99"), "bytes; at most"),
    "words that look right": (
        POLICY + EVERYWHERE.replace("{}", "b'\\0\\0\\0\\2{}'"),
        "no answer",
    ),
    "forged answers": (
        POLICY + "import gc, socket; from goalscope.workers.messages import send\n"
        "    mine = [x for x in gc.get_objects() if isinstance(x, socket.socket)]\n"
        "    send(mine[0], {'kind': 'answers', 'answers': {'dtype': 'float64', "
        "'shape': [1], 'data': ''}})",
        "no answer",
    ),
    "forged answers of another shape": (
        POLICY + "import gc, socket; from goalscope.workers.messages import send\n"
        "    from goalscope.auditing.arrays import pack\n"
        "    mine = [x for x in gc.get_objects() if isinstance(x, socket.socket)]\n"
        "    send(mine[0], {'kind': 'answers', 'answers': pack(np.ones((2, 4)))})",
        "no answer",
    ),
    "closed connections": (POLICY + "import os; os.closerange(3, 99)", "its process ended"),
    "a broken library": (POLICY + "np.asarray = None; return [1, 0, 0, 0]", "TypeError"),
}


@pytest.mark.parametrize("kind", MALFORMED)
def test_a_malformed_policy_gets_a_verdict_of_one_line(kind: str, tmp_path: Path):
    source, expected = MALFORMED[kind]
    assert expected in verdict(tmp_path, source)


@pytest.mark.parametrize(
    "source",
    [
        POLICY + "\n    while True: pass",
        HEAD + "while True: pass",
        POLICY + "import time; time.sleep(60)",
        POLICY + "import signal; signal.pause()",
        HEAD + "import threading; threading.Lock().acquire(); threading.Event().wait()",
    ],
)
def test_what_takes_for_ever_is_stopped(source: str, tmp_path: Path):
    begun = time.monotonic()
    message = verdict(tmp_path, source, seconds=QUICK)
    assert "took more than 2 s" in message
    assert time.monotonic() - begun < 10 * QUICK


def test_what_a_policy_started_ends_with_it(tmp_path: Path):
    note = tmp_path / "number"
    source = (
        f"{HEAD}import subprocess, pathlib\nchild = subprocess.Popen(['sleep', '600'])\n"
        f"pathlib.Path({str(note)!r}).write_text(str(child.pid))\n"
        f"def policy(view, tokens): {FINE}"
    )
    table(tmp_path, source)
    number = int(note.read_text())
    for _ in range(100):
        if not alive(number):
            return
        time.sleep(0.05)
    pytest.fail("the process lives on")


def alive(number: int) -> bool:
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def expected_table() -> np.ndarray:
    return np.eye(4)[QUESTIONS.tokens[:, 0] % 4]


@pytest.mark.parametrize(
    "source",
    [
        POLICY + FINE,
        POLICY + "print('x' * 10**6); " + FINE,
        POLICY + "view[:] = 7; " + FINE,
        POLICY + "\n    answer = int(tokens[0]) % 4\n    tokens[:] = 99\n"
        "    return np.eye(4)[answer]",
        POLICY + "return list(np.eye(4)[int(tokens[0]) % 4])",
        POLICY + "return np.log(np.eye(4)[int(tokens[0]) % 4])\nreturns = 'logits'"
        "\nnp.seterr(all='ignore')",
        HEAD + "def policy_batch(view, tokens): return np.eye(4)[tokens[:, 0] % 4]",
        HEAD + "class Mouse:\n    def __call__(self, view, tokens):\n        "
        + FINE + "\npolicy = Mouse()",
    ],
)  # fmt: skip
def test_a_right_policy_is_tabulated(source: str, tmp_path: Path):
    assert np.array_equal(table(tmp_path, source), expected_table())


def test_a_policy_sees_the_view_of_its_level(tmp_path: Path):
    source = POLICY + "return np.eye(4)[int(view.sum() + 2 * view[0, 0, 0]) % 4]"
    sums = QUESTIONS.views.sum(axis=(1, 2, 3)) + 2 * QUESTIONS.views[:, 0, 0, 0]
    expected = np.eye(4)[sums.astype(int) % 4][QUESTIONS.levels]
    assert np.array_equal(table(tmp_path, source), expected)


def test_a_policy_may_import_its_neighbours(tmp_path: Path):
    (tmp_path / "neighbour.py").write_text("ACTION = 3")
    source = "from neighbour import ACTION\n" + POLICY + "return np.eye(4)[ACTION]"
    assert np.array_equal(table(tmp_path, source)[:, 3], np.ones(15))


def test_no_process_is_left_behind(tmp_path: Path):
    file = tmp_path / "mine.py"
    file.write_text(HEAD + "while True: pass")
    with PolicyProcess(file, seconds=PATIENT) as process:
        number = process.number
        assert alive(number)
    assert not alive(number)
    with pytest.raises(ChildProcessError):
        os.waitpid(number, os.WNOHANG)
