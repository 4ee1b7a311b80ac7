import pytest

from goalscope.units import range_of, units_of


@pytest.mark.parametrize(
    ("text", "readings", "expected"),
    [
        ("nats", ["a", "b"], ["nats", "nats"]),
        ("share; steps", ["skill", "when"], ["share", "steps"]),
        (
            "posterior probability; bits: log2 Bayes factor; gain: nats per decision",
            ["cheese", "none", "bits", "gain"],
            ["posterior probability"] * 2 + ["log2 Bayes factor", "nats per decision"],
        ),
        (
            "extra steps; slope: nats per step; decided: share of episodes",
            ["cheese", "slope", "decided"],
            ["extra steps", "nats per step", "share of episodes"],
        ),
        ("share; changes: place", ["whole", "whole changes"], ["share", "place"]),
    ],
)
def test_each_reading_has_its_unit(text: str, readings: list[str], expected: list[str]):
    assert units_of(text, readings) == expected


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("goals: probability; divergence: bits", ["cheese", "corner", "divergence"]),
        ("ratios; losses: share of the best return", ["goal", "loss", "placebo"]),
        ("steps; others; and more", ["a", "b"]),
    ],
)
def test_what_cannot_be_told_apart_keeps_the_whole_text(text: str, readings: list[str]):
    assert units_of(text, readings) == [text] * len(readings)


@pytest.mark.parametrize(
    "unit",
    [
        "share of the optimal return", "share of episodes", "posterior probability",
        "share", "distance of rewards, 0 to 1",
    ],
)  # fmt: skip
def test_shares_and_probabilities_lie_between_0_and_1(unit: str):
    assert range_of(unit) == (0.0, 1.0)


@pytest.mark.parametrize(
    "unit",
    [
        "bits", "", "share of the way from chance to the best",
        "share of the return without a push", "posterior probability; bits: log2 factor",
    ],
)  # fmt: skip
def test_nothing_is_said_of_where_other_units_end(unit: str):
    low, high = range_of(unit)
    assert low == -high == float("-inf")
