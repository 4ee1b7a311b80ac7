"""Tasks without JAX for the tests of the engine, and a small driver that runs them.

`python fake_tasks.py FOLDER NUM_WORKERS SECONDS` runs or resumes a study of six cells, each
of `SECONDS` in ten steps, writes down the numbers of all processes, and prints the digest.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from goalscope.errors import UserError
from goalscope.storage.store import create_or_open, lock, open_folder
from goalscope.storage.study import CellPlan, Study
from goalscope.workers.engine import Pool, Task

FUNCTIONS = {
    "plan": "fake_tasks:plan",
    "compute": "fake_tasks:compute",
    "judge": "fake_tasks:judge",
}
NUM_CELLS, NUM_STEPS = 6, 10
Report = Callable[[dict[str, Any]], None]


def plan_of(number: int) -> CellPlan:
    return CellPlan(
        description={"arm": "a", "agent": number, "seed": 3},
        kind="arm",
        arm="a",
        agents=(number,),
        block_width=1,
    )


STUDY = Study(
    experiment="fake",
    name="fake",
    question="?",
    size="small",
    seed=3,
    settings={},
    command="fake",
    cells=tuple(plan_of(number) for number in range(NUM_CELLS)),
    fingerprint={},
)


def plan(request: dict[str, Any]) -> dict[str, Any]:
    return {"asked": request, "process": os.getpid()}


def not_finite(request: dict[str, Any]) -> dict[str, Any]:
    del request
    return {"value": float("nan")}


def judge(request: dict[str, Any]) -> dict[str, Any]:
    folder = open_folder(Path(request["folder"]))
    sums = [
        float(folder.load(key, "walk")["place"].sum()) for key in folder.finished_cells()
    ]
    return {"total": sum(sums)}


def compute(request: dict[str, Any], report: Report) -> None:
    if "do" in request:
        DEEDS[request["do"]](request, report)
    else:
        walk(request, report)


def walk(request: dict[str, Any], report: Report) -> None:
    """Commit a cell that is a function of its description, slowly."""
    folder = open_folder(Path(request["folder"]))
    plan = folder.plans[request["key"]]
    rng = np.random.default_rng([plan.description["seed"], plan.description["agent"]])
    place = np.zeros(NUM_STEPS)
    for step in range(NUM_STEPS):
        time.sleep(request["seconds"] / NUM_STEPS)
        place[step] = place[step - 1] + rng.normal()
        report({"step": step, "of": NUM_STEPS})
    files = {"walk": {"place": place}, "big": {"noise": rng.normal(size=20_000)}}
    folder.commit(plan, files, seconds=1.0, fingerprint={}, metadata={})


def wait(request: dict[str, Any], report: Report) -> None:
    for _ in range(1000):
        time.sleep(0.05)
        report({"process": os.getpid(), **request})


def raise_error(request: dict[str, Any], report: Report) -> None:
    del report
    raise ArithmeticError(f"no {request['lack']}\nsecond line")


def user_error(request: dict[str, Any], report: Report) -> None:
    del request, report
    raise UserError("the disk of the worker is full", exit_code=4)


def exit_quietly(request: dict[str, Any], report: Report) -> None:
    del report
    sys.exit(request.get("code", 3))


def die(request: dict[str, Any], report: Report) -> None:
    """Kill this process, if a file does not say that it was done often enough."""
    del report
    count = Path(request["count"])
    tried = int(count.read_text()) if count.exists() else 0
    count.write_text(str(tried + 1))
    if tried < request["times"]:
        os.kill(os.getpid(), request.get("signal", signal.SIGKILL))
        time.sleep(60)


def shout(request: dict[str, Any], report: Report) -> None:
    del report
    for _ in range(request["lines"]):
        sys.stdout.write("x" * 999 + "\n")
    os.write(2, b"the last words\n")


def look(request: dict[str, Any], report: Report) -> None:
    del request
    signals = (signal.SIGINT, signal.SIGTERM)
    report(
        {
            "flags": os.environ.get("XLA_FLAGS"),
            "ignored": [signal.getsignal(number) == signal.SIG_IGN for number in signals],
            "main": sys.modules["__main__"].__dict__.get("NUM_CELLS"),
            "jax": "jax" in sys.modules,
        }
    )


DEEDS = {
    f.__name__: f for f in (wait, raise_error, user_error, exit_quietly, die, shout, look)
}


def say(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def drive(path: Path, num_workers: int, seconds: float) -> int:
    with Pool(FUNCTIONS, num_workers=num_workers) as pool:
        folder = create_or_open(path, STUDY)
        with lock(folder):
            pool.log_folder = folder.logs
            tasks = [
                Task("compute", {"folder": str(path), "key": plan.key, "seconds": seconds})
                for plan in folder.missing()
            ]

            def show(task: Task, message: dict[str, Any]) -> None:
                folder.log_event(message["kind"], key=task.request.get("key", ""))
                say([os.getpid(), *pool.processes])

            pool.run(tasks, show)
            if pool.interrupted:
                return 130
            total = pool.run([Task("judge", {"folder": str(path)})], show)[0].value
            folder.write_summary(total)
    say(folder.digest())
    return 0


if __name__ == "__main__":
    try:
        sys.exit(drive(Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])))
    except KeyboardInterrupt:
        sys.exit(131)
    except UserError as error:
        say(str(error))
        sys.exit(error.exit_code)
