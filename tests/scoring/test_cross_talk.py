"""What a score follows, and what of it is held against the instrument."""

import dataclasses
from typing import Any

import numpy as np
import pytest
from tests.scoring.made import Kind, card, perfect

from goalscope.scoring.cross_talk import Follows, cross_talk, cross_talk_gates
from goalscope.scoring.records import Gate, Scorecard


def graded(slope: float, num_agents: int = 200, **changes: Any) -> Scorecard:
    """Return a card on which mixtures read `slope` times their dose, and noise."""
    kinds, words = perfect()
    rng = np.random.default_rng(0)
    doses = np.linspace(0, 1, num_agents)
    values = slope * doses + rng.normal(0, 0.3, num_agents)
    kinds["mixture"] = Kind("neither", values, doses)
    return card(kinds, **words, **changes)


def of_mixture(*cards: Scorecard) -> Follows:
    return next(found for found in cross_talk(cards) if found.kind == "mixture")


def test_doses_of_positives_are_the_instruments_own():
    kinds, words = perfect()
    kinds["planner"].trend = {}
    found = {f.kind: f for f in cross_talk((card(kinds, **words),))}
    assert found["planner"].mark == "own dose"
    assert found["planner"].correlation.estimate > 0.9
    assert found["random walker"].mark == found["mixture"].mark == "small"


def test_a_required_trend_makes_a_dose_its_own():
    kinds, words = perfect()
    kinds["mixture"].values = 0.1 * kinds["mixture"].doses
    without = of_mixture(card(kinds, **words))
    kinds["mixture"].trend = {"score": 1}
    assert (without.mark, of_mixture(card(kinds, **words)).mark) == ("large", "own dose")


def test_negatives_are_held_against_the_instrument():
    kinds, words = perfect()
    walker = kinds["random walker"]
    walker.doses = walker.table[:, 0]
    found = {f.kind: f for f in cross_talk((card(kinds, **words),))}
    assert found["random walker"].mark == "large"
    walker.from_dose = 0.05
    found = {f.kind: f for f in cross_talk((card(kinds, **words),))}
    assert found["random walker"].mark == "own dose"


def test_a_reason_makes_it_listed_and_nothing_else_does():
    reasons = {"mixture": "its dose is a share of the goal", "unicorn": "it has a horn"}
    found = of_mixture(graded(1.0, listed=reasons))
    assert (found.mark, found.reason) == ("listed", reasons["mixture"])
    assert of_mixture(graded(0.0, listed=reasons)).mark == "small"
    assert of_mixture(graded(1.0)).mark == "large"


def unsure(**changes: Any) -> Scorecard:
    """Return a card on which eight mixtures follow their dose with ρ = 3/7."""
    kinds, words = perfect()
    kinds["mixture"] = Kind("neither", [2.0, 1, 6, 3, 0, 7, 4, 5], np.arange(8.0))
    return card(kinds, **words, **changes)


def test_what_may_be_chance_stays_open():
    found = of_mixture(unsure())
    assert found.correlation.estimate == pytest.approx(3 / 7)
    assert found.correlation.lower < 0 < found.correlation.upper
    assert (found.mark, found.n) == ("open", 8)


@pytest.mark.parametrize("order", [1, -1])
def test_the_worst_world_counts(order: int):
    cards = [graded(0.1, world="corner"), graded(-1.0, world="dish")][::order]
    assert of_mixture(*cards).world == "dish"


@pytest.mark.parametrize("order", [1, -1])
def test_large_is_worse_than_what_may_be_chance(order: int):
    cards = [graded(0.45, world="corner"), unsure(world="dish")][::order]
    found = of_mixture(*cards)
    assert (found.mark, found.world) == ("large", "corner")
    assert found.correlation.estimate < 0.5


def test_kinds_with_too_few_agents_say_nothing():
    assert [f.kind for f in cross_talk((graded(1.0, 3),))] == ["planner", "random walker"]


def gates(slope: float, num_agents: int, **changes: Any) -> list[Gate]:
    found = graded(slope, num_agents, **changes).gates
    return [gate for gate in found if gate.family == "cross-talk"]


def test_what_is_followed_beyond_chance_is_a_missed_gate():
    (gate,) = gates(1.0, 200)
    assert not gate.passed
    assert "mixture" in gate.name
    assert 0.2 < gate.value < 0.8


def test_what_may_be_chance_is_no_miss():
    (gate,) = gates(0.4, 16)
    assert gate.passed
    assert gates(0.0, 200)[0].passed


def test_a_dose_with_a_reason_is_no_miss():
    assert all(gate.passed for gate in gates(1.0, 200, listed={"mixture": "because"}))


def test_where_nothing_is_followed_chance_seldom_misses_the_gate():
    rng = np.random.default_rng(0)
    rows = graded(0.0).kinds
    missed = 0
    for _ in range(200):
        noise = [
            dataclasses.replace(
                row, role="negative", from_dose=None, trend=0, n=32,
                follows=float(np.tanh(rng.normal(0, (1.06 / 29) ** 0.5))),
            )
            for row in rows
        ]  # fmt: skip
        missed += not all(gate.passed for gate in cross_talk_gates(noise, {}))
    assert missed <= 4
