"""Many experiments and what became of their claims: one table for all. No JAX."""

import re
from dataclasses import dataclass
from typing import Any

from rich.console import Group
from rich.table import Table

from goalscope.report.limitations import SMOKE_SIZE
from goalscope.report.plain import plain
from goalscope.report.terminal import signed
from goalscope.report.terminal_parts import below, table, text, titled
from goalscope.report.verdicts import judged, sources, tally, uncalibrated
from goalscope.report.wording import counted
from goalscope.result import Result, Verdict


@dataclass(frozen=True)
class Ran:
    """One experiment of many.

    Fields:
        name, question: of the experiment.
        report: file name of its report, beside the page of all; empty if it has none.
        arms, agents, seconds: how much was computed.
        verdicts: its claims, judged.
        calibrated: names of the instruments that were tried on planted agents in it.
        failed: why there is no result; empty if there is one.
    """

    name: str
    question: str
    report: str = ""
    arms: int = 0
    agents: int = 0
    seconds: float = 0.0
    verdicts: tuple[Verdict, ...] = ()
    calibrated: tuple[str, ...] = ()
    failed: str = ""


@dataclass(frozen=True)
class RunOfAll:
    """Experiments that were run alike.

    Fields:
        size, seed: of all.
        command: what to type to get this again.
        ran: the experiments, in the order in which they were run.
        of: how many there are; more than `ran` if the run was stopped.
    """

    size: str
    seed: int
    command: str
    ran: tuple[Ran, ...]
    of: int

    @property
    def verdicts(self) -> list[tuple[Verdict, Ran]]:
        """All claims with their experiments, by the discussions that they come from."""
        found = [(verdict, ran) for ran in self.ran for verdict in ran.verdicts]
        return sorted(found, key=lambda pair: source_order(pair[0].source))

    @property
    def failed(self) -> list[Ran]:
        """Experiments without a result."""
        return [ran for ran in self.ran if ran.failed]


def ran(result: Result, report: str) -> Ran:
    """Return what a table of many experiments says about one."""
    arms = result.arms.values()
    return Ran(
        name=result.name,
        question=result.question,
        report=report,
        arms=len(result.arms),
        agents=sum(len(arm.agents) for arm in arms),
        seconds=sum(arm.seconds for arm in arms),
        verdicts=result.verdicts,
        calibrated=tuple(result.calibration),
    )


def source_order(source: str) -> tuple[bool, list[tuple[str, int]]]:
    """Return what to sort sources by: S2 comes before S10, and none comes last.

    >>> sorted(["", "001 K1", "000 S10", "000 S2"], key=source_order)
    ['000 S2', '000 S10', '001 K1', '']
    """
    parts = re.findall(r"([^0-9]*)([0-9]*)", source)
    return not source, [(words, int(digits or 0)) for words, digits in parts]


def summary_lines(run: RunOfAll) -> list[str]:
    """Return how many experiments and claims there are, and what to doubt of them all."""
    verdicts = [verdict for verdict, _ in run.verdicts]
    stopped = f" of {run.of}, then stopped" if len(run.ran) < run.of else ""
    lines = [
        f"{counted(len(run.ran), 'experiment')}{stopped}; {tally(verdicts) or 'no claims.'}"
    ]
    if run.size == SMOKE_SIZE:
        lines.append("Smoke runs show that everything works, not what is true.")
    return [*lines, *sources(verdicts)]


def show_all(run: RunOfAll) -> Group:
    """Return what a run of all experiments ends with in the terminal."""
    failed = [text(f"- {each.name}: {each.failed}", "red") for each in run.failed]
    claims = (_table(run),) if run.verdicts else ()
    return Group(
        *titled("Claims of all experiments", *claims),
        *(text(line) for line in summary_lines(run)),
        *(titled("Failed", *failed) if failed else ()),
    )


def _table(run: RunOfAll) -> Table:
    rows = []
    for verdict, each in run.verdicts:
        found = judged(verdict, run.size, each.calibrated)
        effect, origin = (found.estimate, found.bounds), (found.source, each.name)
        claim, sign = (
            below(found.claim, found.uncalibrated),
            signed(verdict.outcome, found),
        )
        rows.append((claim, sign, below(*effect), found.n, below(*origin)))
    return table(("claim", "verdict", "effect", "n", "from"), rows, numeric=(3,))


def all_as_json(run: RunOfAll, page: str) -> dict[str, Any]:
    """Return the table as plain JSON values; `page` is where it was written."""
    found = {
        "size": run.size,
        "seed": run.seed,
        "command": run.command,
        "page": page,
        "experiments": run.of,
        "claims": [_row(verdict, each) for verdict, each in run.verdicts],
        "failed": {each.name: each.failed for each in run.failed},
    }
    return {name: plain(value) for name, value in found.items()}


def _row(verdict: Verdict, each: Ran) -> dict[str, Any]:
    return {
        "claim": verdict.claim,
        "source": verdict.source,
        "verdict": verdict.outcome,
        "uncalibrated": uncalibrated(verdict, each.calibrated),
        "estimate": verdict.estimate,
        "lower": verdict.lower,
        "upper": verdict.upper,
        "unit": verdict.unit,
        "n": verdict.n,
        "p_value": verdict.p_value,
        "experiment": each.name,
        "report": each.report,
    }
