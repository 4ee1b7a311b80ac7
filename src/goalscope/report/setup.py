"""What a study was set to: worlds, agents, trainers, instruments and gates. No JAX."""

from collections.abc import Iterator, Mapping
from typing import Any

from goalscope.report.figure import Table
from goalscope.result import Result, Setup

FEW_VALUES = 8
USES = {"train_world": "training", "test_world": "test", "agent": "", "trainer": ""}
"""Parts of an arm -> what to call them where two parts of one class differ."""

Values = dict[tuple[str, str], dict[str, dict[str, None]]]
"""(class, field) -> use -> its values in words, each once."""


def stories(result: Result) -> tuple[str, ...]:
    """Return the story of each world, as its module tells it."""
    found = (about.get("", "") for about in result.setup.meanings.values())
    return tuple(plain_text(story) for story in dict.fromkeys(found) if story)


def plain_text(documented: str) -> str:
    """Return a docstring's words without the marks of its markup."""
    return documented.replace("`", "").replace("*", "")


def setup_table(result: Result) -> Table:
    """Return every setting with its values over all arms, and what it means."""
    setup = result.setup
    rows = [
        *_rows(setup, _arms(setup)),
        *_gate(setup),
        *(row for name in setup.instruments for row in _instrument(result, name)),
        *_rows(setup, _planted(setup), "planted "),
    ]
    return Table(("of", "setting", "value", "meaning"), tuple(rows))


def _arms(setup: Setup) -> Values:
    found: Values = {}
    for condition in setup.arms.values():
        for part, use in USES.items():
            _gather(found, condition.get(part), use)
    return found


def _planted(setup: Setup) -> Values:
    found: Values = {}
    for condition in setup.planted.values():
        _gather(found, condition.get("agent"), "")
    return found


def _gather(found: Values, description: Any, use: str) -> None:
    for kind, name, value in _flat(description):
        found.setdefault((kind, name), {}).setdefault(use, {})[value] = None


def _flat(description: Any, prefix: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield class, field and value in words of a described record and those inside it."""
    if not isinstance(description, Mapping):
        return
    kind = description.get("class") or description.get("kind", "").removesuffix(".init")
    if "options" in description and not description["options"]:
        yield kind, "", "as it comes"
    for name, value in description.get("options", description).items():
        if isinstance(value, Mapping) and ("class" in value or "kind" in value):
            yield from _flat(value, f"{prefix}{name}.")
        elif name not in ("class", "kind"):
            yield kind, prefix + name, in_words(value)


def in_words(value: Any) -> str:
    """Return a described value as a reader would write it.

    >>> in_words(0.9900000095367432), in_words([64, 64]), in_words(True), in_words(None)
    ('0.99', '64, 64', 'yes', 'none')
    """
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    if isinstance(value, float):
        return f"{value:.5g}"
    if isinstance(value, Mapping):
        return in_words(value.get("values", value.get("name", "")))
    if isinstance(value, list | tuple):
        return _several([in_words(each) for each in value])
    return str(value)


def _several(words: list[str]) -> str:
    if len(words) <= FEW_VALUES:
        return ", ".join(words)
    return f"{words[0]} to {words[-1]}, {len(words)} values"


def _rows(setup: Setup, values: Values, of: str = "") -> Iterator[tuple[str, ...]]:
    for (kind, name), uses in values.items():
        told = {use: _several(list(found)) for use, found in uses.items()}
        value = next(iter(told.values()))
        if len(set(told.values())) > 1:
            value = "; ".join(f"{use}: {words}" for use, words in told.items())
        meaning = plain_text(setup.meanings.get(kind, {}).get(name.rpartition(".")[2], ""))
        yield of + kind.rpartition(":")[2], name, value, meaning if name else ""


def _gate(setup: Setup) -> Iterator[tuple[str, ...]]:
    if setup.competence:
        on, least = setup.competence["on"], in_words(setup.competence["threshold"])
        what = "an agent that reads less at the end of training is excluded"
        yield "competence gate", on, f"at least {least}", what


def _instrument(result: Result, name: str) -> Iterator[tuple[str, ...]]:
    measurement = result.setup.instruments[name]
    found: Values = {}
    _gather(found, measurement.get("instrument"), "")
    for kind, *rest in _rows(result.setup, found):
        yield f"{name} ({kind})", *rest
    calibration = result.calibration.get(name)
    gate = calibration.gate if calibration else "none in this run"
    yield name, "gate", gate, "what it must achieve on planted agents"
