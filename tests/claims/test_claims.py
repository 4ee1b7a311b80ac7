import dataclasses
import hashlib
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
    Composite,
    Difference,
    Majority,
    Monotone,
    SameDirection,
    Switch,
)
from goalscope.claims.readings import Readings
from goalscope.result import Outcome
from goalscope.statistics.bootstrap import bca, bca_difference
from goalscope.statistics.dose_response import bootstrap_crossing
from goalscope.statistics.intervals import wilson

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
COMPOSITE = Composite(
    text="Both are high.",
    on=ON,
    supported_if=(
        Above(text="a is high.", arm="a", on=ON, threshold=0.8),
        Above(text="b is high.", arm="b", on=ON, threshold=0.8),
    ),
    refuted_if=(Below(text="a is low.", arm="a", on=ON, threshold=0.3),),
)
CLAIMS = (ABOVE, BELOW, DIFFERENCE, MAJORITY, MONOTONE, SWITCH, SAME, COMPOSITE)


def curve(*means: float, sd: float = 0.03, n: int = 16) -> dict[str, np.ndarray]:
    return {f"dose{i}": spread(mean, sd, n, i) for i, mean in enumerate(means)}


def spread(mean: float, sd: float = 0.03, n: int = 16, seed: int = 0) -> np.ndarray:
    """Values with exactly this mean and spread, in random order."""
    noise = stats.norm.ppf((np.arange(n) + 0.5) / n)
    return mean + sd * np.random.default_rng(seed).permutation(noise)


def hits(k: int, n: int) -> np.ndarray:
    return np.where(np.arange(n) < k, 1.0, 0.2)


CASES = [
    (ABOVE, {"a": spread(0.9)}, SUPPORTED),
    (ABOVE, {"a": spread(0.6)}, REFUTED),
    (ABOVE, {"a": spread(0.8)}, MIXED),
    (ABOVE, {"a": spread(0.8, sd=0.4)}, UNDERPOWERED),
    (ABOVE, {"a": spread(0.9, n=7)}, UNDERPOWERED),
    (BELOW, {"a": spread(0.6)}, SUPPORTED),
    (BELOW, {"a": spread(0.9)}, REFUTED),
    (BELOW, {"a": spread(0.8)}, MIXED),
    (BELOW, {"a": spread(0.8, sd=0.4)}, UNDERPOWERED),
    (DIFFERENCE, {"a": spread(0.9), "b": spread(0.5, seed=1)}, SUPPORTED),
    (DIFFERENCE, {"a": spread(0.5), "b": spread(0.5, seed=1)}, REFUTED),
    (DIFFERENCE, {"a": spread(0.6), "b": spread(0.5, seed=1)}, MIXED),
    (DIFFERENCE, {"a": spread(0.6, sd=0.4), "b": spread(0.5, seed=1)}, UNDERPOWERED),
    (DIFFERENCE, {"a": spread(0.9, n=40), "b": spread(0.5, n=7)}, UNDERPOWERED),
    (MAJORITY, {"a": hits(14, 16)}, SUPPORTED),
    (MAJORITY, {"a": hits(2, 16)}, REFUTED),
    (MAJORITY, {"a": hits(100, 200)}, MIXED),
    (MAJORITY, {"a": hits(8, 16)}, UNDERPOWERED),
    (COMPOSITE, {"a": spread(0.9), "b": spread(0.9, seed=1)}, SUPPORTED),
    (COMPOSITE, {"a": spread(0.9), "b": spread(0.6, seed=1)}, MIXED),
    (COMPOSITE, {"a": spread(0.6), "b": spread(0.9, seed=1)}, MIXED),
    (COMPOSITE, {"a": spread(0.1), "b": spread(0.9, seed=1)}, REFUTED),
    (COMPOSITE, {"a": spread(0.9), "b": spread(0.9, n=7)}, UNDERPOWERED),
    (MONOTONE, curve(0.1, 0.4, 0.7, 0.9), SUPPORTED),
    (MONOTONE, curve(0.1, 0.1, 0.2, 0.3), REFUTED),  # rises too little
    (MONOTONE, curve(0.1, 0.6, 0.4, 0.9), REFUTED),  # falls on the way
    (MONOTONE, curve(0.1, 0.6, 0.55, 0.9), MIXED),  # falls by just the tolerance
    (MONOTONE, curve(0.1, 0.4, 0.5, 0.6, sd=0.4), UNDERPOWERED),
    (SWITCH, curve(0.1, 0.2, 0.8, 0.9), SUPPORTED),
    (SWITCH, curve(0.1, 0.1, 0.2, 0.9), REFUTED),  # crosses later
    (SWITCH, curve(0.7, 0.8, 0.9, 0.9), REFUTED),  # was above from the start
    (SWITCH, curve(0.0, 0.1, 0.2, 0.3), REFUTED),  # never crosses
    (SWITCH, curve(0.1, 0.5, 0.8, 0.9), MIXED),
    (SWITCH, curve(0.2, 0.4, 0.5, 0.6, sd=0.3), UNDERPOWERED),
    (SAME, {x: spread(0.9 if x in "ac" else 0.5) for x in "abcd"}, SUPPORTED),
    (SAME, {x: spread(0.9 if x in "ad" else 0.5) for x in "abcd"}, REFUTED),
    (SAME, {x: spread(0.9 if x == "a" else 0.5, seed=ord(x)) for x in "abcd"}, MIXED),
    (SAME, {x: spread(0.5, sd=0.4, seed=ord(x)) for x in "abcd"}, UNDERPOWERED),
]


@pytest.mark.parametrize(("claim", "arms", "outcome"), CASES)
def test_every_outcome_of_every_claim_is_reached(make_run, claim, arms, outcome: Outcome):
    verdict = make_run(arms).verdict(claim)
    assert verdict.outcome is outcome, verdict.reason
    assert verdict.claim == claim.text
    assert verdict.rule_hash == claim.rule_hash()
    assert verdict.rule == claim.rule()


def test_above_and_below_report_the_interval_of_the_mean(make_run):
    values = spread(0.7, sd=0.2)
    expected = bca(values)
    for claim in (ABOVE, BELOW):
        verdict = make_run({"a": values}).verdict(claim)
        found = (verdict.estimate, verdict.lower, verdict.upper)
        assert found == (expected.estimate, expected.lower, expected.upper)
        assert verdict.unit == "share of the optimum"


def test_difference_pairs_agents_of_one_number_and_only_those(make_run):
    first = spread(0.9, sd=0.2)
    second = first - spread(0.3, sd=0.02, seed=1)
    paired = make_run({"a": first, "b": second}).verdict(DIFFERENCE)
    apart = make_run({"a": first, "b": second}, first_agents={"b": 16}).verdict(DIFFERENCE)
    expected = bca(first - second)
    assert (paired.lower, paired.upper) == (expected.lower, expected.upper)
    expected = bca_difference(first, second, paired=False)
    assert (apart.lower, apart.upper) == (expected.lower, expected.upper)
    assert apart.upper - apart.lower > 5 * (paired.upper - paired.lower)


def test_a_pair_counts_only_if_both_of_its_agents_do(make_run):
    first, second = spread(0.9), spread(0.5, seed=1)
    first[:2], second[1:4] = np.nan, np.nan
    verdict = make_run({"a": first, "b": second}).verdict(DIFFERENCE)
    assert verdict.n == 12
    assert verdict.estimate == pytest.approx((first - second)[4:].mean())


def test_majority_reports_wilsons_interval_of_the_share(make_run):
    verdict = make_run({"a": hits(14, 16)}).verdict(MAJORITY)
    expected = wilson(14, 16)
    assert (verdict.estimate, verdict.lower, verdict.upper) == (
        expected.estimate,
        expected.lower,
        expected.upper,
    )
    assert verdict.unit == "share of agents"


def test_majority_counts_a_reading_on_the_threshold(make_run):
    assert make_run({"a": np.full(16, 0.9)}).verdict(MAJORITY).estimate == 1.0


def test_monotone_reports_the_smallest_margin(make_run):
    verdict = make_run(curve(0.1, 0.6, 0.57, 0.9)).verdict(MONOTONE)
    assert verdict.estimate == pytest.approx(0.05 - 0.03)
    assert "dose2 minus dose1" in verdict.reason
    assert verdict.n == 16


def test_switch_reports_the_dose_and_reads_the_doses_in_order(make_run):
    arms = curve(0.1, 0.2, 0.8, 0.9, sd=0.0)
    backwards = make_run(dict(reversed(arms.items())))
    verdict = backwards.verdict(SWITCH)
    assert verdict.estimate == pytest.approx(10**-1.5)
    assert (verdict.lower, verdict.upper) == (verdict.estimate, verdict.estimate)
    assert verdict.unit == "dose"


def test_switch_resamples_agents_of_one_number_together_and_others_apart(make_run):
    common = spread(0.0, sd=0.15, seed=9)
    arms = {name: values + common for name, values in curve(0.1, 0.3, 0.7, 0.9).items()}
    starts = {"dose1": 16, "dose2": 32, "dose3": 48}
    together = make_run(arms).verdict(SWITCH)
    apart = make_run(arms, first_agents=starts).verdict(SWITCH)
    doses = np.array([0.0, 0.01, 0.1, 1.0])
    for verdict, shared in ((together, True), (apart, False)):
        found = bootstrap_crossing(doses, list(arms.values()), 0.5, shared=shared)
        assert verdict.lower == found.interval().lower
    assert together.upper / together.lower > apart.upper / apart.lower


def test_switch_says_by_infinity_that_nothing_crosses(make_run):
    never = make_run(curve(0.0, 0.1, 0.2, 0.3)).verdict(SWITCH)
    before = make_run(curve(0.7, 0.8, 0.9, 0.9)).verdict(SWITCH)
    assert (never.estimate, before.estimate) == (math.inf, -math.inf)


def test_arms_without_a_dose_are_no_part_of_a_curve(make_run):
    found = make_run(curve(0.1, 0.2, 0.8, 0.9))
    extra = dataclasses.replace(found.arms["dose0"], name="extra", dose=None)
    other = dataclasses.replace(found, arms={**found.arms, "extra": extra})
    assert other.verdicts(MONOTONE, SWITCH) == found.verdicts(MONOTONE, SWITCH)


@given(st.lists(st.floats(0, 1), min_size=8, max_size=12), st.floats(0, 1))
def test_above_and_below_are_opposites(make_run, values: list[float], threshold: float):
    found = make_run({"a": np.array(values)})
    opposite = {SUPPORTED: REFUTED, REFUTED: SUPPORTED}
    above = found.verdict(dataclasses.replace(ABOVE, threshold=threshold))
    below = found.verdict(dataclasses.replace(BELOW, threshold=threshold))
    assert below.outcome is opposite.get(above.outcome, above.outcome)
    assert below.p_value == above.p_value


def test_a_rule_is_hashed_over_its_class_and_fields():
    form = (
        '["Above",{"arm":"a","min_agents":8.0,"on":"goal_score.cheese","resolution":0.2,'
        '"text":"It reaches the cheese.","threshold":0.8}]'
    )
    assert ABOVE.rule_hash() == hashlib.sha256(form.encode()).hexdigest()


def test_hashes_tell_rules_apart_and_nothing_else():
    hashes = {claim.rule_hash() for claim in CLAIMS}
    assert len(hashes) == len(CLAIMS)
    assert dataclasses.replace(SWITCH).rule_hash() == SWITCH.rule_hash()
    for change in (
        {"level": 0.4},
        {"between": (0.01, 0.2)},
        {"min_agents": 9},
        {"text": "x"},
    ):
        assert dataclasses.replace(SWITCH, **change).rule_hash() != SWITCH.rule_hash()


@pytest.mark.parametrize(
    ("claim", "numbers"),
    [
        (ABOVE, ["0.8"]),
        (BELOW, ["0.8"]),
        (DIFFERENCE, ["0.1"]),
        (MAJORITY, ["0.9", "0.5"]),
        (MONOTONE, ["0.05", "0.5"]),
        (SWITCH, ["0.01", "0.1", "0.5"]),
        (SAME, ["'a' above 'b'", "'c' above 'd'"]),
    ],
)
def test_a_rule_says_its_thresholds(claim: AbstractClaim, numbers: list[str]):
    rule = claim.rule()
    assert [n for n in (*numbers, ON, "fewer than 8 agents", "Holm") if n not in rule] == []


def test_claims_say_what_they_need():
    assert ABOVE.readings_needed() == (("a", ON),)
    assert SAME.arms_needed() == ("a", "b", "c", "d")
    assert SWITCH.groups_needed() == ("exact",)
    assert SWITCH.readings_needed() == (("exact", ON),)
    assert ABOVE.instrument == "goal_score"


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_claim_passes_the_check_of_an_experiment_that_has_what_it_needs(make_run, claim):
    found = make_run({**{x: spread(0.5) for x in "abcd"}, **curve(0.1, 0.2, 0.8, 0.9)})
    claim.check(found.arms, [ON])


@pytest.mark.parametrize(
    ("claim", "message"),
    [
        (dataclasses.replace(ABOVE, arm="z"), "needs arm 'z'; arms: a, dose0, dose1"),
        (dataclasses.replace(SWITCH, group="ppo"), "needs group 'ppo'; groups: a, exact"),
        (dataclasses.replace(ABOVE, on="other.cheese"), "needs reading 'other.cheese'"),
        (dataclasses.replace(SWITCH, group="a"), "give each arm of the group its own dose"),
    ],
)
def test_a_claim_is_refused_where_something_is_missing(
    make_run, claim: AbstractClaim, message: str
):
    arms = make_run({"a": spread(0.5), **curve(0.1, 0.9)}).arms
    with pytest.raises(ValueError, match=message):
        claim.check(arms, [ON])


@pytest.mark.parametrize(
    ("claim", "wrong", "message"),
    [
        (ABOVE, {"text": " "}, "text is empty"),
        (ABOVE, {"on": "goal_score"}, "instrument.reading"),
        (ABOVE, {"on": ".cheese"}, "instrument.reading"),
        (ABOVE, {"arm": ""}, "arm is empty"),
        (ABOVE, {"threshold": math.nan}, "threshold is nan"),
        (ABOVE, {"min_agents": 1}, "min_agents is 1"),
        (ABOVE, {"resolution": 0.0}, "resolution is 0"),
        (BELOW, {"arm": ""}, "arm is empty"),
        (DIFFERENCE, {"other": "a"}, "both 'a'"),
        (MAJORITY, {"arm": ""}, "arm is empty"),
        (MAJORITY, {"share": 1.0}, "share is 1"),
        (MONOTONE, {"group": ""}, "group is empty"),
        (MONOTONE, {"tolerance": -0.1}, "tolerance is -0.1"),
        (SWITCH, {"group": ""}, "group is empty"),
        (SWITCH, {"between": (0.1, 0.01)}, "low < high"),
        (SWITCH, {"between": (0.1, math.inf)}, "low < high"),
        (SAME, {"pairs": ()}, "pairs is empty"),
        (SAME, {"pairs": (("a", "a"),)}, "names 'a' twice"),
    ],
)
def test_claims_that_make_no_sense_are_refused(claim, wrong: dict, message: str):
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(claim, **wrong)


def test_evidence_with_other_rows_than_the_arm_has_agents_is_refused(make_run):
    found = make_run({"a": spread(0.5)})
    short = make_run({"a": spread(0.5, n=9)})
    with pytest.raises(ValueError, match="9 rows and the arm has 16 agents"):
        Readings(short.evidence, found.arms).sample("a", ON)
