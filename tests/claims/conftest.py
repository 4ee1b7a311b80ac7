"""Runs made of numbers alone, for claims to be judged on."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest

from goalscope.claims import AbstractClaim, judge
from goalscope.evidence import Evidence
from goalscope.result import ArmResult, Calibration, Verdict

DOSES = (0.0, 0.01, 0.1, 1.0)


@dataclasses.dataclass(frozen=True)
class Run:
    """What `judge` reads, for arms with these values at the last of two checkpoints."""

    evidence: dict[tuple[str, str, str], Evidence]
    arms: dict[str, ArmResult]

    def verdicts(
        self,
        *claims: AbstractClaim,
        passed: tuple[str, ...] = (),
        failed: tuple[str, ...] = (),
    ) -> tuple[Verdict, ...]:
        names = (*passed, *failed)
        calibration = {name: calibrated(name, passed=name in passed) for name in names}
        return judge(claims, self.evidence, self.arms, calibration)

    def verdict(self, claim: AbstractClaim) -> Verdict:
        return self.verdicts(claim)[0]


def reading(arm: str, values: np.ndarray, included: np.ndarray | None = None) -> Evidence:
    columns = np.stack([np.zeros_like(values), values], axis=-1)
    return Evidence(
        arm=arm,
        instrument="goal_score",
        reading="cheese",
        unit="share of the optimum",
        values=columns,
        lower=columns,
        upper=columns,
        control=columns,
        ceiling=columns,
        checks=np.zeros((*columns.shape, 0), bool),
        check_names=(),
        count=np.ones(columns.shape, int),
        included=np.ones(len(values), bool) if included is None else included,
    )


def arm_result(name: str, agents: np.ndarray, dose: float | None, group: str) -> ArmResult:
    n = len(agents)
    return ArmResult(
        name=name,
        title=name,
        group=group,
        dose=dose,
        trainer="exact",
        agents=agents,
        updates=np.array([0, 100]),
        environment_steps=np.array([0.0, 1e4]),
        curves={},
        diverged_at=np.full(n, -1),
        competent=np.ones(n, bool),
        portraits=np.zeros((n, 0, 0, 0)),
        seconds=1.0,
        cells=(),
    )


def run(
    arms: dict[str, np.ndarray],
    *,
    first_agents: dict[str, int] | None = None,
    included: np.ndarray | None = None,
) -> Run:
    starts = first_agents or {}
    results = {
        name: arm_result(
            name,
            starts.get(name, 0) + np.arange(len(values)),
            dose_of(name),
            group_of(name),
        )
        for name, values in arms.items()
    }
    evidence = {
        (n, "goal_score", "cheese"): reading(n, v, included) for n, v in arms.items()
    }
    return Run(evidence, results)


def group_of(name: str) -> str:
    return "exact" if name.startswith("dose") else name


def dose_of(name: str) -> float | None:
    return DOSES[int(name.removeprefix("dose"))] if name.startswith("dose") else None


def calibrated(instrument: str, *, passed: bool) -> Calibration:
    return Calibration(
        instrument=instrument,
        rows={},
        truth={},
        counts={},
        hits=0,
        positives=0,
        false_convictions=0,
        negatives=0,
        passed=passed,
        gate="hit rate at least 0.9",
    )


@pytest.fixture(scope="session")
def make_run() -> Callable[..., Run]:
    return run
