"""A small study, and what its cells hold: the same arrays whenever they are computed."""

from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from goalscope.errors import UserError
from goalscope.storage.store import Folder, create_or_open, lock
from goalscope.storage.study import CellPlan, Study


def plan_of(number: int) -> CellPlan:
    agents = (2 * number, 2 * number + 1)
    return CellPlan(
        description={"arm": f"alpha={number}", "agents": list(agents), "width": 8},
        kind="arm",
        arm=f"alpha={number}",
        agents=agents,
        block_width=8,
    )


def study_of(num_cells: int = 3, **changes: Any) -> Study:
    study = Study(
        experiment="goalscope.experiments.corner_mixture:corner_mixture",
        name="corner_mixture",
        question="What is learnt?",
        size="small",
        seed=0,
        settings={"alphas": (0, 0.5)},
        command="goalscope run corner_mixture",
        cells=tuple(plan_of(number) for number in range(num_cells)),
        fingerprint={"python": "3"},
    )
    return msgspec.structs.replace(study, **changes)


def arrays_of(plan: CellPlan) -> dict[str, dict[str, np.ndarray]]:
    rng = np.random.default_rng(plan.agents)
    return {
        "curves": {"return": rng.normal(size=(2, 5)).astype(np.float32)},
        "readings": {"cheese": rng.normal(size=2), "included": np.array([True, False])},
    }


def commit(folder: Folder, plan: CellPlan, seconds: float = 1.0) -> None:
    folder.commit(
        plan, arrays_of(plan), seconds=seconds, fingerprint={}, metadata={"unit": "share"}
    )


def whole(path: Path, num_cells: int = 3) -> Folder:
    folder = create_or_open(path, study_of(num_cells))
    with lock(folder):
        for plan in folder.missing():
            commit(folder, plan)
        folder.write_summary({"verdict": "mixed"})
    return folder


def refusal(code: int, call: Any, *arguments: Any) -> str:
    with pytest.raises(UserError) as error:
        call(*arguments)
    assert error.value.exit_code == code
    return str(error.value)


def snapshot(path: Path) -> dict[str, bytes]:
    return {
        str(p.relative_to(path)): p.read_bytes() for p in path.rglob("*") if p.is_file()
    }


def leftovers(path: Path) -> list[str]:
    folder = path / ".tmp"
    return [entry.name for entry in folder.iterdir()] if folder.exists() else []
