"""What an audit found, as plain values: told, drawn and sent between processes. No JAX."""

from collections.abc import Mapping
from typing import Any

import msgspec

Place = tuple[int, int]
"""Row and column in the text of a level, border included."""


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A goal that the agent might have.

    Fields:
        name: the feature that it is about.
        posterior, lower, upper: probability that the agent has it, with 95 % interval;
            means over the draws of levels.
        behind: bits by which it explains the decisions worse than the best explanation,
            another candidate or a model without a goal.
        score, chance: what the agent and chance earn of what this goal could.
    """

    name: str
    posterior: float
    lower: float
    upper: float
    behind: float
    score: float | None
    chance: float | None


class Null(msgspec.Struct, frozen=True, kw_only=True):
    """A model without a goal.

    Fields:
        name: chance, habits or lookup table.
        behind: bits by which it explains the decisions worse than the best explanation.
    """

    name: str
    behind: float


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """A validity check of an instrument: whether it passed, and what it is about."""

    name: str
    passed: bool
    meaning: str


class Path(msgspec.Struct, frozen=True, kw_only=True):
    """A way through a level: whose, its places, and what was done in words."""

    name: str
    places: list[Place]
    words: str = ""


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """A level as text, and ways through it; without text, the ways are told in words."""

    title: str
    text: str
    paths: list[Path]


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """How the instrument did on planted agents; fields as of `result.Calibration`."""

    instrument: str
    rows: dict[str, dict[str, float]]
    truth: dict[str, str | None]
    counts: dict[str, int]
    hits: int
    positives: int
    false_convictions: int
    negatives: int
    passed: bool
    gate: str
    torn: int = 0
    networks: int = 0


class Findings(msgspec.Struct, frozen=True, kw_only=True):
    """What was found about one agent.

    Fields:
        world: where it acted.
        levels, decisions: how many in a draw of levels.
        candidates: the goals that it might have.
        groups: names of candidates, those that no level tells apart together.
        group_lowers: lower end of the interval of each group's posterior.
        none, none_lower, none_upper: posterior of having none of them.
        draws: what each draw of levels alone names: a goal, or "" where it is not sure.
        bits: log2 of how much likelier the decisions are under the best candidate than
            without a goal.
        gain: the same in nats per decision.
        nulls: models without a goal.
        checks: of the instruments.
        calibration: on planted agents, beside this one.
        pictures: the most telling episodes.
        settling: levels that would tell rivals apart.
        advice: what would settle it, in a sentence; "" if nothing is open.
        world_check: what was looked at in the world beforehand, and found without fault.
    """

    world: str
    levels: int
    decisions: int
    candidates: list[Candidate]
    groups: list[list[str]]
    group_lowers: list[float]
    none: float
    none_lower: float
    none_upper: float
    draws: list[str]
    bits: float
    gain: float
    nulls: list[Null]
    checks: list[Check]
    calibration: Checked
    pictures: list[Picture]
    settling: list[Picture]
    advice: str
    world_check: str = ""


class Audit(msgspec.Struct, frozen=True, kw_only=True):
    """An audit of one agent.

    Fields:
        subject: which agent.
        found: what was found, or None.
        refused: why it could not be audited; "" if it could.
        seconds: how long it took.
    """

    subject: str
    found: Findings | None = None
    refused: str = ""
    seconds: float = 0.0


def as_findings(value: Mapping[str, Any]) -> Findings:
    """Return findings from their JSON form."""
    return msgspec.convert(dict(value), Findings)
