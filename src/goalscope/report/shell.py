"""What every page has around its sections: style, policy, title. No JAX."""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from importlib import resources

import jinja2
from markupsafe import Markup

from goalscope.report.cleaning import clean
from goalscope.report.figure import Figure, Section
from goalscope.report.render import render_charts

SKIPPED = "Figure skipped: the chart renderer is absent or failed. The data are below."


@dataclass(frozen=True)
class Head:
    """What stands above the sections.

    Fields:
        name: of what the page reports.
        facts: short facts about it.
        question: what it answers.
    """

    name: str
    facts: tuple[str, ...]
    question: str


def render_page(head: Head, sections: tuple[Section, ...]) -> str:
    """Return sections as an HTML file that needs nothing else: no script, no network.

    The page holds its style and drawings, follows the reader's colour scheme, and tells
    the browser to load and run nothing. Text is cleaned and escaped.
    """
    style = resources.files("goalscope.report").joinpath("style.css").read_text("utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    template = _environment().get_template("page.html.j2")
    return template.render(
        head=head, sections=_drawn(sections), style=Markup(style), style_hash=digest
    )


def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("goalscope.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _shown(value: object) -> object:
    if isinstance(value, str) and not isinstance(value, Markup):
        return clean(value)
    return value


def _drawn(sections: tuple[Section, ...]) -> tuple[Section, ...]:
    """Return the sections with their charts rendered, all in one child process."""
    charts = [
        panel.drawing
        for section in sections
        for figure in section.figures
        for panel in figure.panels
        if isinstance(panel.drawing, Mapping)
    ]
    drawings = iter(render_charts(charts))
    return tuple(
        replace(
            section, figures=tuple(_filled(figure, drawings) for figure in section.figures)
        )
        for section in sections
    )


def _filled(figure: Figure, drawings: Iterator[Markup | None]) -> Figure:
    panels = []
    for panel in figure.panels:
        if isinstance(panel.drawing, Mapping):
            drawing = next(drawings)
            panel = replace(panel, drawing=drawing, note=panel.note if drawing else SKIPPED)
        panels.append(panel)
    return replace(figure, panels=tuple(panels))
