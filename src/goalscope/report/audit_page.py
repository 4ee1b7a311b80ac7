"""Audits as one HTML file. No JAX."""

from collections.abc import Sequence

from markupsafe import Markup

from goalscope.auditing.record import Audit, Findings, Picture
from goalscope.auditing.verdict import verdict
from goalscope.report.audit_words import (
    OUTCOMES,
    calibration,
    candidate_rows,
    group_lines,
    null_rows,
    ruled_out_lines,
)
from goalscope.report.cleaning import clean
from goalscope.report.figure import Figure, Panel, Section, Table
from goalscope.report.palette import NONE, NUM_GOALS
from goalscope.report.planted import calibration_facts
from goalscope.report.render import bare
from goalscope.report.shell import Head, render_page
from goalscope.report.verdicts import shape
from goalscope.report.wording import counted
from goalscope.worlds.drawing import level_svg

QUESTION = "Which goal does this agent have?"
WIDTH, HEIGHT = 180, 12


def render_audits(audits: Sequence[Audit], command: str) -> str:
    """Return a page with a section an agent; equal audits give equal bytes."""
    sections = tuple(section(audit, number, command) for number, audit in enumerate(audits))
    facts = (counted(len(audits), "agent"),)
    return render_page(Head("audit", facts, QUESTION), sections)


def section(audit: Audit, number: int, command: str) -> Section:
    """Return what the page says about one agent."""
    told, found = verdict(audit), audit.found
    facts = {
        "sentence": told.sentence,
        "word": told.word,
        "shape": shape(OUTCOMES[told.word]),
        "command": command,
        "found": found,
        "rows": [] if found is None else _posterior(found),
        "lines": [] if found is None else [*ruled_out_lines(found), *group_lines(found)],
        "nulls": [] if found is None else null_rows(found),
        "calibration": None if found is None else calibration_facts(calibration(found)),
    }
    figures = () if found is None else _figures(found, number)
    return Section(f"agent{number}", audit.subject, "audit", facts, figures)


def _posterior(found: Findings) -> list[dict[str, object]]:
    values = [c.posterior for c in found.candidates]
    colors = [f"var(--goal-{i % NUM_GOALS})" for i in range(len(values))]
    drawn = zip([*values, found.none], [*colors, NONE], strict=True)
    names = ("goal", "posterior", "interval", "earns")
    return [
        {**dict(zip(names, row, strict=True)), "bar": _bar(value, color)}
        for row, (value, color) in zip(candidate_rows(found), drawn, strict=True)
    ]


def _bar(value: float, color: str) -> Markup:
    return Markup(
        f'<svg width="{WIDTH}" height="{HEIGHT}" aria-hidden="true">'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="none" stroke="var(--rule)"/>'
        f'<rect width="{WIDTH * value:.1f}" height="{HEIGHT}" fill="{color}"/></svg>'
    )


def _figures(found: Findings, number: int) -> tuple[Figure, ...]:
    did = "What the agent did on the levels where that says most about its goal."
    parts = (("did", did, found.pictures), ("settling", found.advice, found.settling))
    return tuple(
        _figure(f"{name}{number}", caption, pictures)
        for name, caption, pictures in parts
        if pictures
    )


def _figure(name: str, caption: str, pictures: list[Picture]) -> Figure:
    panels = tuple(
        Panel(
            f"{picture.title}, {path.name}" if len(picture.paths) > 1 else picture.title,
            f"A level and a way of {len(path.places)} places through it: {path.name}",
            _drawn(picture, path.places) if picture.text else None,
            "Not drawn" if picture.text else path.words,
        )
        for picture in pictures
        for path in picture.paths
    )
    rows = tuple((picture.title, _as_text(picture)) for picture in pictures)
    table = Table(("level", "as text"), rows, code=frozenset({1}))
    return Figure(name, caption, panels, table, data="The levels as text", layout="medium")


def _as_text(picture: Picture) -> str:
    words = "\n".join(f"{path.name}: {path.words}" for path in picture.paths)
    return clean(picture.text or words, lines=True)


def _drawn(picture: Picture, places: list[tuple[int, int]]) -> Markup | None:
    try:
        return Markup(bare(level_svg(clean(picture.text, lines=True), path=places)))
    except (ValueError, IndexError):
        return None
