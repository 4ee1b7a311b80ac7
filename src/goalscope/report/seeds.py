"""The fourth section: every agent at every checkpoint, coloured by its goal."""

import numpy as np

from goalscope.report.figure import Figure, Key, Panel, Section, Table
from goalscope.report.palette import INK, label_color, letter
from goalscope.report.strip import row_order, strip_svg
from goalscope.report.summary import is_judged
from goalscope.report.wording import counted
from goalscope.result import ArmResult, Result


def seed_section(result: Result) -> Section:
    """Return a strip an arm: a row an agent, a column a checkpoint."""
    colors = [label_color(result, index) for index in range(len(result.label_names))]
    arms = list(result.arms.values())
    panels = tuple(
        _panel(result, arm, colors, f"hatch{index}") for index, arm in enumerate(arms)
    )
    key = [
        Key("swatch", color, name)
        for name, color in zip(result.label_names, colors, strict=True)
    ]
    letters = ", ".join(f"{letter(i)} {name}" for i, name in enumerate(result.label_names))
    figure = Figure(
        "seeds",
        "Each row is one agent, each column one checkpoint, coloured by the goal that "
        "dominates. Rows are sorted by the last goal; excluded agents are hatched.",
        panels,
        _table(result, arms),
        key=(*key, Key("hatch", INK, "excluded")),
        data=f"Goals of every agent, one letter a checkpoint: {letters}",
    )
    return Section("seeds", "Seed by seed", figures=(figure,))


def agent_labels(result: Result, arm: ArmResult) -> np.ndarray:
    """Return indices into `label_names`, `[N, C]`; -1 counts as the last, "undecided"."""
    return np.asarray(result.labels[arm.name]) % len(result.label_names)


def _panel(result: Result, arm: ArmResult, colors: list[str], name: str) -> Panel:
    title = f"{arm.title} ({counted(len(arm.agents), 'agent')})"
    if not is_judged(result, arm):
        return Panel(title, f"{arm.title}: not judged yet", None, "Not judged yet")
    labels = agent_labels(result, arm)
    svg = strip_svg(labels, arm.included, arm.updates, colors=colors, name=name)
    counts = np.bincount(labels[arm.included, -1], minlength=len(result.label_names))
    ends = ", ".join(
        f"{goal} {count}"
        for goal, count in zip(result.label_names, counts.tolist(), strict=True)
    )
    included = "At the last checkpoint: " + ends if arm.included.any() else "no result"
    alt = f"{arm.title}: goals of {counted(len(arm.agents), 'agent')}. {included}"
    return Panel(title, alt, svg)


def _table(result: Result, arms: list[ArmResult]) -> Table:
    rows = []
    for arm in (arm for arm in arms if is_judged(result, arm)):
        labels = agent_labels(result, arm)
        for row in row_order(labels, arm.included).tolist():
            history = "".join(letter(label) for label in labels[row].tolist())
            last = result.label_names[labels[row, -1]]
            included = "included" if arm.included[row] else _reason(arm, row)
            rows.append((arm.title, str(arm.agents[row]), included, last, history))
    columns = ("arm", "agent", "state", "last goal", "goal at each checkpoint")
    return Table(columns, tuple(rows), numeric=frozenset({1}), code=frozenset({4}))


def _reason(arm: ArmResult, row: int) -> str:
    at = int(arm.diverged_at[row])
    return f"diverged at update {at:,}" if at >= 0 else "not competent"
