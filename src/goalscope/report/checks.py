"""Which share of the agents passes each check of its readings. No JAX."""

from dataclasses import dataclass

from goalscope.evidence import Evidence
from goalscope.report.figure import Section, Table
from goalscope.report.summary import arm_evidence
from goalscope.report.wording import NOTHING, counted, percent
from goalscope.result import ArmResult, Result

MANY_FAIL = 0.05


@dataclass(frozen=True)
class Passed:
    """How an arm's included agents did at one check of an instrument, at the end."""

    arm: ArmResult
    instrument: str
    check: str
    passed: int
    of: int

    @property
    def share(self) -> float:
        """Share that passed; NaN for nobody."""
        return self.passed / self.of if self.of else float("nan")


def has_checks(result: Result) -> bool:
    """Return whether any reading of an arm has a check."""
    return bool(all_passes(result))


def all_passes(result: Result) -> list[Passed]:
    """Return every check of every arm."""
    return [each for arm in result.arms.values() for each in passes(result, arm)]


def passes(result: Result, arm: ArmResult) -> list[Passed]:
    """Return how an arm's included agents did at every check, by instrument."""
    first: dict[str, Evidence] = {}
    for found in arm_evidence(result, arm.name):
        first.setdefault(found.instrument, found)
    return [
        Passed(arm, instrument, check, int(outcomes.sum()), len(outcomes))
        for instrument, found in first.items()
        for index, check in enumerate(found.check_names)
        for outcomes in [found.checks[:, -1, index][found.included]]
    ]


def failing(result: Result) -> dict[str, list[ArmResult]]:
    """Return check -> arms of which more than a few included agents fail it."""
    found: dict[str, list[ArmResult]] = {}
    for each in all_passes(result):
        if each.share < 1 - MANY_FAIL:
            found.setdefault(each.check, []).append(each.arm)
    return found


def check_section(result: Result) -> Section:
    """Return a table of arms by checks, and how many are failed by whom."""
    found = all_passes(result)
    fails = [each for each in found if each.passed < each.of]
    told = f"{len(fails):,} of {counted(len(found), 'check')} of an arm"
    verb = "is" if len(fails) == 1 else "are"
    headline = (
        f"{told} {verb} failed by some included agents."
        if fails
        else "All checks are passed."
    )
    facts = {"headline": headline, "table": check_table(result)}
    return Section("checks", "Checks of the readings", "checks", facts)


def check_table(result: Result) -> Table:
    """Return the share of each arm's included agents that pass each check at the end."""
    found = all_passes(result)
    several = len({each.instrument for each in found}) > 1
    names = list(dict.fromkeys(_name(each, several=several) for each in found))
    cells: dict[str, dict[str, str]] = {}
    for each in found:
        cells.setdefault(each.arm.name, {})[_name(each, several=several)] = _share(each)
    rows = tuple(
        (result.arms[arm].title, *(shares.get(name, NOTHING) for name in names))
        for arm, shares in cells.items()
    )
    return Table(("arm", *names), rows, numeric=frozenset(range(1, 1 + len(names))))


def _name(each: Passed, *, several: bool) -> str:
    return f"{each.instrument}: {each.check}" if several else each.check


def _share(each: Passed) -> str:
    if not each.of:
        return "no agent"
    return f"{percent(each.share)} ({each.passed:,} of {each.of:,})"
