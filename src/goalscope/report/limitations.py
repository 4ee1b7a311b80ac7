"""What a reader should hold against a result, found in its data. No JAX."""

from goalscope.report.checks import MANY_FAIL, failing, has_checks
from goalscope.report.summary import exclusions, goal_shares, is_computed, is_finished
from goalscope.report.wording import listed, percent, some
from goalscope.result import ArmResult, Result

FEW_AGENTS = 8
MANY_DIVERGED = 0.05
MANY_EXCLUDED = 0.2
MANY_UNDECIDED = 0.5
SMOKE_SIZE = "smoke"
SMOKE = "A smoke run: it shows that everything works, not what is true."
CONCLUSIONS = "goals, verdicts and calibration are"
MIXED = "mixed"
"""The entry of a fingerprint that names what differed between the cells of a result."""


def limitations(result: Result) -> tuple[str, ...]:
    """Return one sentence for each thing that weakens the result."""
    found = [*_of_the_run(result), *_of_instruments(result), *_of_arms(result)]
    return tuple(found)


def caveats(result: Result) -> list[str]:
    """Return what must be known before a single verdict is read."""
    found = []
    if result.damage:
        names = dict.fromkeys(each.name or each.path for each in result.damage)
        found.append(
            f"Damaged or missing: {listed(some(list(names)))}. What rests on it is invalid "
            f"or left out. To repair it: {result.repair}"
        )
    if result.size == SMOKE_SIZE:
        found.append(SMOKE)
    return found


def _of_the_run(result: Result) -> list[str]:
    found = caveats(result)
    if not (result.damage or is_finished(result)):
        missing = "verdicts are" if is_computed(result) else CONCLUSIONS
        found.append(f"The run is not finished: {missing} missing.")
    if result.fingerprint.get(MIXED):
        found.append(
            "Parts of this result were computed under different conditions "
            f"({result.fingerprint[MIXED]}); they are not comparable bit by bit."
        )
    if result.fingerprint.get("uncommitted") == "yes":
        found.append(
            "The code had uncommitted changes: the commit alone does not bring it back."
        )
    return found


def _of_instruments(result: Result) -> list[str]:
    if is_computed(result):
        return _of_checks(result)
    if not is_finished(result):
        return []
    if not result.calibration:
        return (
            []
            if result.damage
            else ["No instrument was checked on planted agents in this run."]
        )
    failed = [name for name, found in result.calibration.items() if not found.passed]
    if not failed:
        return []
    return [
        f"On planted agents {listed(failed)} did not pass the gate; what rests on it is "
        "invalid here."
    ]


def _of_checks(result: Result) -> list[str]:
    """Return what weakens readings that nobody can try on planted agents."""
    if not has_checks(result):
        return ["The readings have no checks of their own, as against saturation."]
    return [
        f"More than {percent(MANY_FAIL)} of the agents fail the check {check!r}: "
        f"{_named(arms)}."
        for check, arms in failing(result).items()
    ]


def _of_arms(result: Result) -> list[str]:
    arms = list(result.arms.values())
    lost = {arm.name: exclusions(result, arm) for arm in arms}
    empty = [arm for arm in arms if lost[arm.name].included == 0]
    read = [arm for arm in arms if lost[arm.name].included > 0]
    few = [arm for arm in read if lost[arm.name].included < FEW_AGENTS]
    diverged = [a for a in arms if _share(lost[a.name].diverged, a) > MANY_DIVERGED]
    excluded = [a for a in read if _share(lost[a.name].excluded, a) > MANY_EXCLUDED]
    unread = [arm for arm in read if lost[arm.name].unread > 0]
    open_ = [a for a in read if _undecided(result, a) > MANY_UNDECIDED]
    sentences = {
        "No agent is included, so there is no result": empty,
        f"Fewer than {FEW_AGENTS} agents are included, so intervals are wide": few,
        f"More than {percent(MANY_DIVERGED)} of the agents diverged": diverged,
        f"More than {percent(MANY_EXCLUDED)} of the agents are excluded, and those who are "
        "left may differ from them": excluded,
        "Some included agents lack a reading": unread,
        "Most agents are undecided": open_,
    }
    return [f"{text}: {_named(found)}." for text, found in sentences.items() if found]


def _undecided(result: Result, arm: ArmResult) -> float:
    shares = goal_shares(result, arm)
    return shares[-1].interval.estimate if shares else 0.0


def _share(count: int, arm: ArmResult) -> float:
    return count / max(len(arm.agents), 1)


def _named(arms: list[ArmResult]) -> str:
    return listed(some([arm.title for arm in arms]))
