import dataclasses
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from goalscope.claims import (
    Above,
    AbstractClaim,
    Below,
    Difference,
    Majority,
    Monotone,
    SameDirection,
    Switch,
    judge,
)
from goalscope.result import Outcome
from goalscope.statistics.intervals import holm

ON = "goal_score.cheese"
SUPPORTED, REFUTED, MIXED = Outcome.SUPPORTED, Outcome.REFUTED, Outcome.MIXED
UNDERPOWERED, INVALID = Outcome.UNDERPOWERED, Outcome.INVALID
DOSES = (0.0, 0.01, 0.1, 1.0)

ABOVE = Above(text="It reaches the cheese.", arm="a", on=ON, threshold=0.8)
BELOW = Below(text="It misses the cheese.", arm="a", on=ON, threshold=0.8)
DIFFERENCE = Difference(text="Doses help.", arm="a", other="b", on=ON, at_least=0.1)
MAJORITY = Majority(text="Most reach it.", arm="a", on=ON, threshold=0.9)
MONOTONE = Monotone(text="More is more.", group="exact", on=ON, tolerance=0.05, rise=0.5)
SWITCH = Switch(text="It tips.", group="exact", on=ON, level=0.5, between=(0.01, 0.1))
SAME = SameDirection(text="Both agree.", pairs=(("a", "b"), ("c", "d")), on=ON)
CLAIMS = (ABOVE, BELOW, DIFFERENCE, MAJORITY, MONOTONE, SWITCH, SAME)


def curve(*means: float, sd: float = 0.03, n: int = 16) -> dict[str, np.ndarray]:
    return {f"dose{i}": spread(mean, sd, n, i) for i, mean in enumerate(means)}


def spread(mean: float, sd: float = 0.03, n: int = 16, seed: int = 0) -> np.ndarray:
    """Values with exactly this mean and spread, in random order."""
    noise = stats.norm.ppf((np.arange(n) + 0.5) / n)
    return mean + sd * np.random.default_rng(seed).permutation(noise)


def hits(k: int, n: int) -> np.ndarray:
    return np.where(np.arange(n) < k, 1.0, 0.2)


@pytest.mark.parametrize("claim", CLAIMS)
@pytest.mark.parametrize("n", [0, 1, 2, 7])
def test_too_few_agents_are_underpowered_whatever_they_read(
    make_run, claim: AbstractClaim, n: int
):
    arms = {x: spread(0.9 if x in "ac" else 0.5, n=n) for x in "abcd"}
    verdict = make_run({**arms, **curve(0.1, 0.2, 0.8, 0.9, n=n)}).verdict(claim)
    assert verdict.outcome is UNDERPOWERED
    assert verdict.n == n
    assert math.isnan(verdict.p_value)
    assert math.isnan(verdict.estimate) == (n == 0)
    assert ("Nothing to estimate" if n == 0 else "asks for 8") in verdict.reason


@pytest.mark.parametrize("claim", CLAIMS)
def test_agents_without_a_reading_are_not_nought_per_cent(make_run, claim: AbstractClaim):
    nothing = np.full(16, np.nan)
    arms = dict.fromkeys(("a", "b", "c", "d", *curve(0, 0, 0, 0)), nothing)
    for verdict in (make_run(arms).verdict(claim), make_run({}).verdict(claim)):
        assert verdict.outcome is UNDERPOWERED
        assert np.isnan([verdict.estimate, verdict.lower, verdict.upper]).all()
        assert "Nothing to estimate" in verdict.reason


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_claim_is_invalid_where_its_instrument_failed(make_run, claim: AbstractClaim):
    arms = {x: spread(0.9 if x in "ac" else 0.5) for x in "abcd"}
    everything = make_run({**arms, **curve(0.1, 0.2, 0.8, 0.9)})
    (verdict,) = everything.verdicts(claim, failed=("goal_score",))
    assert verdict.outcome is INVALID
    assert math.isfinite(verdict.estimate)
    assert math.isnan(verdict.p_value)
    assert "hit rate at least 0.9" in verdict.reason
    (other,) = everything.verdicts(claim, failed=("goal_posterior",))
    assert other.outcome is not INVALID


def test_a_passed_calibration_changes_nothing(make_run):
    found = make_run({"a": spread(0.9)})
    assert found.verdicts(ABOVE, passed=("goal_score",)) == found.verdicts(ABOVE)


def test_holm_stops_what_one_claim_alone_would_support(make_run):
    values = spread(0.9, sd=0.155)
    others = [dataclasses.replace(ABOVE, text=f"{i}", arm="open") for i in range(4)]
    found = make_run({"a": values, "open": spread(0.8)})
    alone, family = found.verdict(ABOVE), found.verdicts(ABOVE, *others)
    assert alone.outcome is SUPPORTED
    assert family[0].outcome is MIXED
    assert "Holm's correction stops it" in family[0].reason
    assert family[0].p_value == pytest.approx(5 * alone.p_value)
    assert (family[0].lower, family[0].upper) == (alone.lower, alone.upper)


def test_a_p_value_can_stop_what_the_interval_supports(make_run):
    """Of 16 agents 12 are more than half by Wilson's interval, not by the exact test."""
    verdict = make_run({"a": hits(12, 16)}).verdict(MAJORITY)
    assert verdict.lower > 0.5
    assert verdict.outcome is MIXED
    assert "its p-value of 0.077 does not" in verdict.reason


def test_p_values_are_holms_over_all_claims_and_untested_ones_count(make_run):
    found = make_run({"a": spread(0.9, sd=0.2), "b": spread(0.8, sd=0.2, n=3)})
    tested = [ABOVE, dataclasses.replace(ABOVE, threshold=0.85)]
    untested = dataclasses.replace(ABOVE, arm="b")
    raw = [found.verdict(claim).p_value for claim in tested]
    together = [v.p_value for v in found.verdicts(*tested, untested)]
    np.testing.assert_allclose(together, holm(np.array([*raw, np.nan])))


def test_the_order_of_claims_does_not_matter(make_run):
    found = make_run({x: spread(0.9 if x in "ac" else 0.5) for x in "abcd"})
    claims = [ABOVE, DIFFERENCE, SAME, MAJORITY]
    assert found.verdicts(*claims[::-1]) == found.verdicts(*claims)[::-1]


def test_no_claims_have_no_verdicts():
    assert judge([], {}, {}, {}) == ()


@given(st.randoms())
def test_the_order_of_agents_does_not_matter(make_run, random):
    arms = {**curve(0.1, 0.3, 0.6, 0.9, sd=0.2), "a": spread(0.8), "b": spread(0.6, sd=0.1)}
    plain = make_run(arms)
    order = list(range(16))
    random.shuffle(order)
    shuffled = dataclasses.replace(
        make_run({name: values[order] for name, values in arms.items()}),
        arms={
            n: dataclasses.replace(a, agents=a.agents[order]) for n, a in plain.arms.items()
        },
    )
    claims = (ABOVE, DIFFERENCE, MAJORITY, MONOTONE, SWITCH)
    assert shuffled.verdicts(*claims) == plain.verdicts(*claims)


def test_excluded_agents_and_earlier_checkpoints_do_not_count(make_run):
    values = np.concatenate([spread(0.9, n=10), np.full(6, 0.0)])
    verdict = make_run({"a": values}, included=np.arange(16) < 10).verdict(ABOVE)
    assert (verdict.outcome, verdict.n) == (SUPPORTED, 10)
    assert verdict.estimate == pytest.approx(0.9)


def test_an_n_that_is_not_that_of_all_arms_says_whose_it_is(make_run):
    """Agents 1 of one arm and 2 of another do not count: 7 each, and 6 pairs."""
    arms = curve(0.1, 0.3, 0.6, 0.9, n=8) | {"a": spread(0.9, n=8)}
    whole = make_run(arms)
    assert "n =" not in "".join(v.reason for v in whole.verdicts(ABOVE, MONOTONE, SWITCH))
    for arm, agent in (("dose2", 1), ("dose3", 2), ("a", 3)):
        arms[arm][agent] = np.nan
    found = make_run(arms).verdicts(ABOVE, SWITCH, MONOTONE)
    assert [verdict.n for verdict in found] == [7, 7, 6]
    for verdict, words in zip(
        found, ("7 of 8 agents", "of the smallest arm, of 8", "6 counts pairs"), strict=True
    ):
        assert words in verdict.reason


def test_verdicts_name_the_instruments_that_they_rest_on(make_run):
    assert make_run({"a": spread(0.9)}).verdict(ABOVE).instruments == ("goal_score",)


def test_claims_of_an_intersection_keep_their_level_at_its_edge(make_run):
    """With one difference of zero and one far above it, support is rare."""
    rng = np.random.default_rng(0)
    claims = (dataclasses.replace(SAME, min_agents=2),)
    supported = 0
    for _ in range(60):
        arms = {x: rng.normal(size=12) for x in "abcd"}
        found = make_run({**arms, "a": arms["a"] + 9})
        supported += found.verdicts(*claims)[0].outcome is SUPPORTED
    assert supported <= 6
