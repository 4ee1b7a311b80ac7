"""What was computed: the arms of an experiment without training, and their factors."""

from goalscope.report.figure import Section, Table
from goalscope.report.wording import duration, some
from goalscope.report.world import extent
from goalscope.result import ArmResult, Result

FEW_VALUES = 8


def design_section(result: Result) -> Section:
    """Return a row for each group of arms: what varies in it, its agents, its updates."""
    groups: dict[str, list[ArmResult]] = {}
    for arm in result.arms.values():
        groups.setdefault(arm.group, []).append(arm)
    columns = ("group", "arms", "factors", "agents an arm", "updates", "compute")
    rows = tuple(
        (
            name or "all",
            f"{len(arms):,}: {'; '.join(some([arm.title for arm in arms]))}",
            "; ".join(_factors(arms)),
            extent([len(arm.agents) for arm in arms]),
            extent([int(max(arm.updates.tolist(), default=0)) for arm in arms]),
            duration(sum(arm.seconds for arm in arms)),
        )
        for name, arms in groups.items()
    )
    table = Table(columns, rows, numeric=frozenset({3, 4, 5}))
    return Section("design", "Design", "design", {"table": table})


def _factors(arms: list[ArmResult]) -> list[str]:
    """Return each factor with its values, or with how many there are."""
    values: dict[str, set[float]] = {}
    for arm in arms:
        for name, value in arm.factors.items():
            values.setdefault(name, set()).add(float(value))
    return [f"{name} {_values(sorted(found))}" for name, found in values.items()]


def _values(found: list[float]) -> str:
    if len(found) <= FEW_VALUES:
        return ", ".join(f"{value:g}" for value in found)
    return f"{found[0]:g} to {found[-1]:g}, {len(found)} values"
