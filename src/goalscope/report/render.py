"""Charts to SVG, in a child process: one that crashes costs one chart. No JAX."""

import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from markupsafe import Markup

from goalscope.report.cleaning import clean

PROGRAM = Path(__file__).with_name("vega_process.py")
TIMEOUT = 60.0
MAX_CRASHES = 5

# What a page does not need of a stand-alone drawing: names of things, and nothing painted.
_NAMES = re.compile(
    r" (?:xmlns(?::xlink)?|version|aria-[a-z]+|role|class|pointer-events|font-family)"
    r'="[^"]*"'
)
_UNPAINTED = re.compile(r'<path d="[^"]*"(?: display="none")?/>')
_DOT = re.compile(
    r'<path transform="translate\(([^,"]+),([^)"]+)\)" (d="[^"]+" fill="[^"]+"[^>]*)/>'
)
_GEOMETRY = re.compile(r' (?:d|transform|[xy]2?)="[^"]*"')
_LONG_NUMBER = re.compile(r"\d+\.\d{3,}")


def render_charts(charts: Sequence[Mapping[str, Any]]) -> list[Markup | None]:
    """Return an SVG for each Vega-Lite chart, None where one could not be drawn.

    Strings are cleaned first. The drawings are pure functions of the charts. Without the
    renderer (vl-convert), and after `MAX_CRASHES` crashes, the rest stays undrawn.
    """
    if not _renderer_is_there():
        return [None] * len(charts)
    answers: list[str | None] = []
    crashes = 0
    while len(answers) < len(charts) and crashes < MAX_CRASHES:
        answers += _answers([_cleaned(chart) for chart in charts[len(answers) :]])
        if len(answers) < len(charts):
            answers.append(None)
            crashes += 1
    answers += [None] * (len(charts) - len(answers))
    return [None if svg is None else inline(svg, i) for i, svg in enumerate(answers)]


def inline(svg: str, number: int) -> Markup:
    """Return a stand-alone SVG as part of a page, with identifiers made unique."""
    found = list(dict.fromkeys(re.findall(r'id="(\w+)"', svg)))
    for position, name in enumerate(found):
        unique = f"chart{number}-{position}"
        svg = svg.replace(f'id="{name}"', f'id="{unique}"').replace(
            f"url(#{name})", f"url(#{unique})"
        )
    svg = _UNPAINTED.sub("", bare(svg))
    return Markup(_with_dots(_GEOMETRY.sub(_rounded, svg), f"dot{number}"))


def bare(svg: str) -> str:
    """Return a drawing without namespaces, roles, classes and the like."""
    return _NAMES.sub("", svg)


def _with_dots(svg: str, prefix: str) -> str:
    """Return a drawing in which equal marks are drawn once and then used again."""
    dots: dict[str, str] = {}

    def used(mark: re.Match[str]) -> str:
        x, y, look = mark.groups()
        name = dots.setdefault(look, f"{prefix}-{len(dots)}")
        return f'<use href="#{name}" x="{x}" y="{y}"/>'

    body = _DOT.sub(used, svg)
    shapes = "".join(f'<path id="{name}" {look}/>' for look, name in dots.items())
    return body.replace("</svg>", f"<defs>{shapes}</defs></svg>") if dots else body


def _rounded(geometry: re.Match[str]) -> str:
    return _LONG_NUMBER.sub(lambda match: f"{float(match[0]):.2f}", geometry[0])


def _renderer_is_there() -> bool:
    try:
        return importlib.util.find_spec("vl_convert") is not None
    except ValueError:  # it was imported, and then taken out
        return False


def _answers(charts: Sequence[Any]) -> list[str | None]:
    """Return the answers of one child process, fewer than asked if it died."""
    command = [sys.executable, "-P", str(PROGRAM)]
    try:
        done = subprocess.run(
            command,
            input=json.dumps(charts, allow_nan=False).encode(),
            capture_output=True,
            timeout=TIMEOUT,
            check=False,
        )
        output = done.stdout
    except subprocess.TimeoutExpired as expired:
        output = expired.stdout or b""
    lines = output.split(b"\n")[:-1]
    return [json.loads(line) for line in lines[: len(charts)]]


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {key: _cleaned(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(item) for item in value]
    return value
