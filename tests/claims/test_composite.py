"""Claims made of claims: what their rule says, and what their reason does."""

import dataclasses
import hashlib
import json

import numpy as np
import pytest

from goalscope.claims import Above, Below, Composite
from goalscope.result import Outcome

ON = "goal_score.cheese"


def above(arm: str, bar: float = 0.5) -> Above:
    return Above(text=f"{arm} is high.", arm=arm, on=ON, threshold=bar)


def below(arm: str, bar: float = 0.5) -> Below:
    return Below(text=f"{arm} is low.", arm=arm, on=ON, threshold=bar)


BOTH = Composite(
    text="Both are high.",
    on=ON,
    supported_if=(above("a"), above("b")),
    refuted_if=(below("a"), below("b")),
)


def around(mean: float) -> np.ndarray:
    return mean + 0.02 * np.linspace(-1, 1, 16)


def test_a_rule_names_every_condition_on_a_line_of_its_own():
    lines = [line.strip() for line in BOTH.rule().splitlines()]
    assert [line[:20] for line in lines] == [
        "Supported if every o", "(1) a is high. Suppo", "(2) b is high. Suppo",
        "Refuted if one of th", "(a) a is low. Suppor", "(b) b is low. Suppor",
        "Either also needs a ",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("a", "b", "outcome", "reason"),
    [
        (0.9, 0.8, Outcome.SUPPORTED, "hold: all of 2; against it: none of 2, p ="),
        (0.9, 0.2, Outcome.REFUTED, "hold: 1 of 2, (1); against it: 1 of 2, (b), p ="),
        (0.1, 0.2, Outcome.REFUTED, "hold: none of 2; against it: all of 2, p ="),
        (0.9, 0.5, Outcome.MIXED, "hold: 1 of 2, (1); against it: none of 2. The interval"),
    ],
)
def test_a_reason_names_the_conditions_that_hold(make_run, a, b, outcome, reason):
    verdict = make_run({"a": around(a), "b": around(b)}).verdict(BOTH)
    assert verdict.outcome is outcome
    assert reason in verdict.reason


def test_what_a_correction_stops_is_said_of_the_conditions(make_run):
    few = dataclasses.replace(BOTH, min_agents=2)
    hard = tuple(dataclasses.replace(above("b", 0.9), text=str(i)) for i in range(700))
    found = make_run({"a": around(0.52), "b": around(0.53)}).verdicts(few, *hard)
    assert found[0].outcome is Outcome.MIXED
    assert "(1)" not in found[0].reason
    assert "all of 2; against it: none of 2. This alone would support" in found[0].reason


def test_more_than_26_conditions_have_letters():
    many = dataclasses.replace(BOTH, refuted_if=tuple(below("a") for _ in range(28)))
    assert "\n(z) " in many.rule()
    assert "\n(ab) " in many.rule()


def test_where_a_claim_comes_from_is_shown_and_is_no_part_of_its_rule(make_run):
    part = dataclasses.replace(above("a"), source="000 S2")
    told = dataclasses.replace(
        BOTH, source="001 K1, 001 D8", supported_if=(part, above("b"))
    )
    assert told.rule_hash() == BOTH.rule_hash()
    assert told.rule() == BOTH.rule()
    run = make_run({"a": around(0.9), "b": around(0.8)})
    assert run.verdict(told).source == "001 K1, 001 D8"
    assert run.verdict(BOTH).source == ""


def test_hashes_that_are_stored_stay():
    fields = {
        "text": "a is high.", "on": ON, "min_agents": 8.0, "resolution": 0.2, "arm": "a",
        "threshold": 0.5,
    }  # fmt: skip
    form = json.dumps(["Above", fields], sort_keys=True, separators=(",", ":"))
    assert above("a").rule_hash() == hashlib.sha256(form.encode()).hexdigest()
