"""The second section: what the world looks like, and how agents were trained in it."""

import numpy as np

from goalscope.report.figure import Figure, Panel, Section, Table
from goalscope.report.levels import level_drawing, level_text
from goalscope.report.setup import setup_table, stories
from goalscope.report.wording import duration, number
from goalscope.result import ArmResult, Picture, Result


def world_section(result: Result) -> Section:
    """Return pictures of levels, and what each group of arms was trained with."""
    figures = (_pictures(result.pictures),) if result.pictures else ()
    return Section(
        "world",
        "World and training",
        template="world",
        facts={
            "stories": stories(result),
            "training": _training(list(result.arms.values())),
            "setup": setup_table(result),
        },
        figures=figures,
    )


def _pictures(pictures: tuple[Picture, ...]) -> Figure:
    panels = tuple(
        Panel(
            picture.title, f"A level: {picture.title}", level_drawing(picture), "Not drawn"
        )
        for picture in pictures
    )
    rows = tuple((p.title, level_text(p)) for p in pictures)
    return Figure(
        "levels",
        "Levels on which policies are drawn below.",
        panels,
        Table(("level", "as text"), rows, code=frozenset({1})),
        data="The levels as text: # wall, . floor, @ where the mouse starts",
        layout="medium",
    )


def _training(arms: list[ArmResult]) -> Table:
    columns = (
        "arms",
        "trainer",
        "training pays for",
        "agents",
        "updates",
        "environment steps",
        "compute",
    )
    groups: dict[tuple[str, str], list[ArmResult]] = {}
    for arm in arms:
        groups.setdefault((arm.group, arm.trainer), []).append(arm)
    rows = tuple(
        (
            "; ".join(arm.title for arm in found),
            trainer,
            ", ".join(dict.fromkeys(arm.pays for arm in found)),
            extent([len(arm.agents) for arm in found]),
            extent([float(np.max(arm.updates, initial=0)) for arm in found]),
            steps_of(found),
            duration(sum(arm.seconds for arm in found)),
        )
        for (_, trainer), found in groups.items()
    )
    return Table(columns, rows, numeric=frozenset({3, 4, 5, 6}))


def steps_of(arms: list[ArmResult]) -> str:
    """Return how many steps were sampled in training; that none were, where it is exact."""
    steps = [float(np.max(arm.environment_steps, initial=0)) for arm in arms]
    trained = any(np.max(arm.updates, initial=0) > 0 for arm in arms)
    exact = "none sampled: exact expected gradients"
    return exact if trained and not any(steps) else extent(steps)


def extent(values: list[float] | list[int]) -> str:
    """Return the smallest and the largest of some counts."""
    low, high = (number_of(float(value)) for value in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"


def number_of(count: float) -> str:
    """Return a count, in millions where it is large."""
    if count >= 1e6:
        return f"{number(count / 1e6)} M"
    return f"{count:,.0f}"
