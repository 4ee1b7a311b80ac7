"""The last section: how to get the result again, and what to hold against it."""

import json
from collections.abc import Mapping

from goalscope.report.figure import Section, Table
from goalscope.report.limitations import limitations
from goalscope.result import Result


def reproduction_section(result: Result) -> Section:
    """Return command, settings, versions, stored cells, and limitations from the data."""
    cells = tuple(
        (arm.title, f"{len(arm.cells):,}", " ".join(arm.cells))
        for arm in result.arms.values()
    )
    rules = tuple((verdict.claim, verdict.rule_hash) for verdict in result.verdicts)
    return Section(
        "reproduction",
        "Reproduction and limitations",
        "reproduction",
        {
            "limitations": limitations(result),
            "command": result.command,
            "settings": _pairs("setting", {**result.settings, "seed": result.seed}),
            "fingerprint": _pairs("of", {**result.fingerprint, **_checked(result)}),
            "cells": Table(("arm", "cells", "keys"), cells, frozenset({1}), frozenset({2})),
            "rules": Table(("claim", "sha256 of its rule"), rules, code=frozenset({1})),
        },
    )


def _checked(result: Result) -> dict[str, str]:
    return {"worlds checked": result.world_check} if result.world_check else {}


def _pairs(name: str, values: Mapping[str, object]) -> Table:
    rows = tuple((key, _text(value)) for key, value in values.items())
    return Table((name, "value"), rows, code=frozenset({1}))


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)
