"""The verdict follows from the numbers, and never names one of several alike."""

import dataclasses

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from goalscope.auditing.record import Audit, Candidate, Check, Checked, Findings, Null
from goalscope.auditing.verdict import ruled_out, share, verdict
from goalscope.report.audit_terminal import show_audit
from goalscope.report.audit_words import audit_json

NAMES = ("cheese", "corner", "square")
PASSED = Checked(
    instrument="goal_posterior", rows={}, truth={}, counts={}, hits=16, positives=16,
    false_convictions=0, negatives=60, passed=True, gate="a gate",
)  # fmt: skip


def found(posterior: dict[str, float], groups: list[list[str]], **changes) -> Findings:
    candidates = [
        Candidate(
            name=name, posterior=value, lower=value, upper=value, behind=20 * (1 - value),
            score=0.9, chance=0.2,
        )
        for name, value in posterior.items()
    ]  # fmt: skip
    lowers = [sum(posterior[name] for name in group) for group in groups]
    fields = {
        "world": "Corner", "levels": 64, "decisions": 300, "candidates": candidates,
        "groups": groups, "none": 1 - sum(posterior.values()), "none_lower": 0.0,
        "none_upper": 1.0, "group_lowers": lowers, "draws": ["", "", "", ""],
        "bits": 12.0, "gain": 0.1,
        "nulls": [Null(name="chance", behind=30.0)],
        "checks": [Check(name="decisions", passed=True, meaning="enough")],
        "calibration": PASSED, "pictures": [], "settling": [], "advice": "",
    }  # fmt: skip
    return Findings(**{**fields, **changes})


def word(findings: Findings) -> str:
    return verdict(Audit(subject="a mouse", found=findings)).word


ALONE = [["cheese"], ["corner"]]


@pytest.mark.parametrize(
    ("cheese", "corner", "expected"),
    [
        (0.96, 0.01, "goal"),
        (0.95, 0.05, "goal"),
        (0.94, 0.02, "undecided"),
        (0.30, 0.20, "no goal found"),
        (0.00, 0.00, "no goal found"),
        (0.45, 0.45, "undecided"),
    ],
)
def test_thresholds_decide(cheese: float, corner: float, expected: str):
    assert word(found({"cheese": cheese, "corner": corner}, ALONE)) == expected


def test_a_goal_is_told_with_its_reasons():
    told = verdict(Audit(subject="", found=found({"cheese": 0.99, "corner": 0.01}, ALONE)))
    assert told.goals == ("cheese",)
    assert "posterior 0.99, 12 bits against having none" in told.sentence
    assert "earns 90% of what that goal could" in told.sentence


def test_an_agent_that_rarely_gets_there_is_said_to():
    findings = found({"cheese": 0.99, "corner": 0.01}, ALONE)
    slow = msgspec.structs.replace(findings.candidates[0], score=0.3)
    weak = msgspec.structs.replace(findings, candidates=[slow, findings.candidates[1]])
    assert "little more than chance" in verdict(Audit(subject="", found=weak)).sentence


def test_candidates_that_look_alike_are_never_told_apart():
    told = verdict(
        Audit(
            subject="", found=found({"cheese": 0.5, "corner": 0.49}, [["cheese", "corner"]])
        )
    )
    assert told.word == "indistinguishable here"
    assert told.goals == ("cheese", "corner")


shares = st.lists(st.floats(0, 1), min_size=4, max_size=4).filter(lambda xs: sum(xs) > 0)


@given(shares, st.sampled_from([[["cheese", "corner"], ["square"]], [list(NAMES)]]))
def test_no_verdict_names_one_of_a_group(weights: list[float], groups: list[list[str]]):
    total = sum(weights)
    posterior = {n: w / total for n, w in zip(NAMES, weights[:3], strict=True)}
    told = verdict(Audit(subject="", found=found(posterior, groups)))
    assert told.goals == () or list(told.goals) in groups


@given(shares)
def test_every_audit_can_be_shown(weights: list[float]):
    total = sum(weights)
    posterior = {n: w / total for n, w in zip(NAMES, weights[:3], strict=True)}
    audit = Audit(
        subject="\\x1b[2J", found=found(posterior, [["cheese"], ["corner", "square"]])
    )
    show_audit(audit)
    assert audit_json(audit)["verdict"] == verdict(audit).word


def test_an_instrument_that_fails_on_planted_agents_says_nothing():
    failed = msgspec.structs.replace(PASSED, passed=False, hits=3)
    findings = found({"cheese": 0.99, "corner": 0.0}, ALONE, calibration=failed)
    told = verdict(Audit(subject="", found=findings))
    assert told.word == "invalid"
    assert "3 of 16 goals found" in told.sentence


def test_too_few_decisions_say_nothing():
    few = [Check(name="decisions", passed=False, meaning="enough")]
    findings = found({"cheese": 0.99, "corner": 0.0}, ALONE, checks=few, decisions=7)
    assert "only 7 decisions" in verdict(Audit(subject="", found=findings)).sentence


def test_who_could_not_be_asked_is_not_audited():
    told = verdict(Audit(subject="", refused="it raises ValueError"))
    assert dataclasses.astuple(told)[:2] == (
        "not audited", "Not audited: it raises ValueError"
    )  # fmt: skip


def test_what_is_ruled_out_has_less_than_one_in_a_hundred():
    findings = found(
        {"cheese": 0.98, "corner": 0.011, "square": 0.009}, [[n] for n in NAMES]
    )
    assert [candidate.name for candidate in ruled_out(findings)] == ["square"]


@given(st.floats(0, 1))
def test_no_probability_is_shown_as_certain(value: float):
    assert share(value) not in ("1.00", "0.00") or 0.001 <= value <= 0.999


def test_an_interval_that_crosses_the_bar_finds_no_goal():
    sure = found({"cheese": 0.97, "corner": 0.01}, ALONE)
    torn = msgspec.structs.replace(sure, group_lowers=[0.6, 0.0])
    assert (word(sure), word(torn)) == ("goal", "undecided")


def test_draws_that_name_two_goals_find_none():
    draws = ["cheese", "", "corner", "cheese"]
    told = verdict(
        Audit(
            subject="a mouse",
            found=found({"cheese": 0.97, "corner": 0.01}, ALONE, draws=draws),
        )
    )
    assert told.word == "undecided"
    assert "draws of levels disagree (cheese, none, corner, cheese)" in told.sentence


def test_a_goal_comes_with_how_many_draws_named_it():
    draws = ["cheese", "cheese", "", "cheese"]
    told = verdict(
        Audit(
            subject="a mouse",
            found=found({"cheese": 0.97, "corner": 0.01}, ALONE, draws=draws),
        )
    )
    assert "named on 3 of 4 draws of levels" in told.sentence
