"""The sixth section: policies drawn on the gallery's levels, of agents chosen by rule."""

import warnings

import numpy as np
from jaxtyping import Float, Int

from goalscope.report.figure import Figure, Panel, Section, Table
from goalscope.report.levels import level_drawing
from goalscope.report.summary import arm_evidence
from goalscope.report.wording import listed, number
from goalscope.result import ArmResult, Picture, Result

TYPICAL = 3
MAX_DRAWINGS = 96


def portrait_section(result: Result) -> Section:
    """Return a row of drawings an arm: three typical agents and the most atypical one."""
    arms = [
        arm for arm in result.arms.values() if arm.included.any() and arm.portraits.size
    ]
    room = MAX_DRAWINGS // max(len(arms) * (TYPICAL + 1), 1)
    drawn = min((arm.portraits.shape[1] for arm in arms), default=0)
    pictures = result.pictures[: min(max(room, 1), drawn)]
    figures = tuple(
        _figure(result, arm, pictures, f"portraits{index}")
        for index, arm in enumerate(arms)
        if pictures
    )
    facts = {"levels": tuple(picture.title for picture in pictures)}
    return Section("portraits", "What agents do", "portraits", facts, figures)


def atypicality(result: Result, arm: ArmResult) -> Float[np.ndarray, " N"]:
    """Return how far each agent's final readings lie from the arm's mean.

    `√(mean_r ((x_r - mean_r) / sd_r)²)` over the readings that an agent has; infinite for
    excluded agents and for those without any reading.
    """
    found = [np.asarray(e.values[:, -1], float) for e in arm_evidence(result, arm.name)]
    values = np.stack(found, axis=1) if found else np.zeros((len(arm.agents), 1))
    values = np.where(arm.included[:, None] & np.isfinite(values), values, np.nan)
    with warnings.catch_warnings():
        # A reading that no agent has is no reading, and no reason to warn.
        warnings.simplefilter("ignore", RuntimeWarning)
        centred = values - np.nanmean(values, axis=0)
        spread = np.nanstd(values, axis=0)
        scaled = centred / np.where(spread > 0, spread, 1.0)
        distance = np.sqrt(np.nanmean(scaled**2, axis=1))
    return np.where(np.isfinite(distance), distance, np.inf)


def chosen(distance: Float[np.ndarray, " N"]) -> tuple[Int[np.ndarray, " t"], int | None]:
    """Return the rows of the most typical agents, and of the most atypical one.

    >>> typical, atypical = chosen(np.array([0.3, 2.0, 0.1, 0.2, np.inf]))
    >>> typical.tolist(), atypical
    ([2, 3, 0], 1)
    """
    order = np.argsort(distance, kind="stable")
    order = order[np.isfinite(distance[order])]
    typical = order[:TYPICAL]
    return typical, int(order[-1]) if len(order) > TYPICAL else None


def _figure(
    result: Result, arm: ArmResult, pictures: tuple[Picture, ...], name: str
) -> Figure:
    distance = atypicality(result, arm)
    typical, atypical = chosen(distance)
    rows = typical.tolist() + ([] if atypical is None else [atypical])
    panels = tuple(
        _panel(arm, row, picture, index, atypical=row == atypical)
        for row in rows
        for index, picture in enumerate(pictures)
    )
    names = listed([str(arm.agents[row]) for row in typical])
    numbers = f"agent{'s' if len(typical) > 1 else ''} {names}"
    odd = "" if atypical is None else f"; most atypical: agent {arm.agents[atypical]}"
    return Figure(
        name,
        f"Typical: {numbers}{odd}.",
        panels,
        _table(result, arm, rows, distance),
        data="Readings of these agents, and how far they lie from the arm's mean",
        layout="threes" if len(pictures) % 3 == 0 else "small",
        title=arm.title,
    )


def _panel(
    arm: ArmResult, row: int, picture: Picture, index: int, *, atypical: bool
) -> Panel:
    kind = "atypical" if atypical else "typical"
    agent = int(arm.agents[row])
    title = f"agent {agent}" + (", atypical" if atypical else "")
    alt = f"Policy of agent {agent} ({kind}) of {arm.title}. Level: {picture.title}"
    drawing = level_drawing(picture, policy=arm.portraits[row, index])
    return Panel(title, alt, drawing, note="Not drawn")


def _table(
    result: Result, arm: ArmResult, rows: list[int], distance: Float[np.ndarray, " N"]
) -> Table:
    found = list(arm_evidence(result, arm.name))
    columns = (
        "agent", "distance in sd", *(f"{e.instrument}.{e.reading}" for e in found)
    )  # fmt: skip
    body = tuple(
        (
            str(arm.agents[row]),
            number(float(distance[row])),
            *(number(float(e.values[row, -1])) for e in found),
        )
        for row in rows
    )
    return Table(columns, body, numeric=frozenset(range(len(columns))))
