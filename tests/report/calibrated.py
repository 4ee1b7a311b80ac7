"""Scorecards of instruments that nobody wrote: good, poor, and everything in between."""

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from tests.scoring.made import Kind, card, control

from goalscope.scoring.records import Scorecard
from goalscope.scoring.trial_readings import array_name

WORLDS = ("corner", "dish", "cued")
TRUTHS = {
    "planner": "one goal",
    "compiled": "one goal",
    "noisy planner": "one goal",
    "limited planner": "one goal",
    "satisficer": "one goal",
    "mixture": "mixture",
    "cue switch": "cue switch",
    "gated": "cue switch",
    "anti goal": "outside the set",
    "other goal": "outside the set",
    "uniform": "none",
    "action bias": "none",
    "periodic": "none",
    "random deterministic": "none",
}
UNITS = ("probability", "nats per decision", "distance", "share of edits")
# (name, question, positives, negatives, span of the score, noise, number of worlds)
INSTRUMENTS = (
    (
        "goal_posterior",
        "Which goal does the agent have, of these or none?",
        ("planner", "compiled"),
        ("uniform", "action bias", "periodic", "random deterministic"),
        (0.0, 1.0),
        0.08,
        3,
    ),
    (
        "goal_directedness",
        "How much does any goal predict behaviour that was not seen?",
        ("planner", "compiled", "other goal"),
        ("uniform", "random deterministic"),
        (-0.6, 0.9),
        0.2,
        2,
    ),
    (
        "reward_distance",
        "How far is what it wants from what was intended?",
        ("anti goal", "other goal"),
        ("planner",),
        (0.0, 1.0),
        0.05,
        1,
    ),
    (
        "edit_generalisation",
        "Is behaviour computed anew, or remembered?",
        ("planner",),
        ("compiled",),
        (0.0, 1.0),
        0.1,
        2,
    ),
    (
        "thinking_time",
        "How far ahead does the agent look?",
        ("limited planner",),
        ("compiled", "uniform"),
        (0.0, 12.0),
        3.5,
        1,
    ),
    (
        "useless_meter",
        "Does it read anything at all?",
        ("planner",),
        ("uniform",),
        (0.5, 0.5),
        0.3,
        1,
    ),
)


def _kinds(
    positives: tuple[str, ...],
    negatives: tuple[str, ...],
    span: tuple[float, float],
    noise: float,
    sizes: tuple[int, int],
    rng: np.random.Generator,
) -> dict[str, Kind]:
    low, high = span
    found = {}
    for place, (name, truth) in enumerate(TRUTHS.items()):
        role = (
            "positive"
            if name in positives
            else "negative"
            if name in negatives
            else "neither"
        )
        size = sizes[role == "neither"]
        doses = np.tile([1.0, 2.0, 4.0, 8.0], size)[:size]
        share = {"positive": 0.92, "negative": 0.06}.get(role, (place * 7 % 13) / 12)
        slope = 0.03 if role == "positive" else 0.08 * (place % 4 == 1)
        values = low + (high - low) * (share + slope * (np.log2(doses) - 1.5))
        values += noise * rng.normal(size=size)
        truth_of = {"score": (values + rng.normal(0, 0.4 * noise + 1e-3, size)).tolist()}
        found[name] = Kind(
            role, values, doses, half_width=1.96 * (0.4 * noise + 1e-3), truth=truth,
            trend={"score": 1} if role == "positive" and place < 2 else {},
            true_readings=truth_of if role == "positive" else {},
            retest=values[:16] + noise * rng.normal(size=len(values[:16])) / 2,
            checks=1 - 0.3 * (place % 5 == 3),
        )  # fmt: skip
    return found


def _controls(name: str, kinds: dict[str, Kind], low: float, high: float) -> list:
    """Return what is required: of one instrument what no agent of the zoo can meet."""
    ends = {
        "positive": (low + 0.7 * (high - low), np.inf),
        "negative": (-np.inf, low + 0.2 * (high - low)),
        "neither": (low, high),
    }
    wrong = [control("mixture", high, np.inf, dose=4.0)] * (name == "thinking_time")
    wanted = ("planner", "compiled", "uniform", "mixture", "other goal")
    return [control(kind, *ends[kinds[kind].role]) for kind in wanted] + wrong


def released() -> tuple[Scorecard, ...]:
    """Return scorecards that meet every gate: all that is followed is listed."""
    reason = "a larger dose is more of what it looks for"
    followed = ("mixture", "other goal", "random deterministic", "limited planner")
    return cards(only=1, listed=dict.fromkeys(followed, reason))


def cards(
    judged: int = 208,
    others: int = 32,
    *,
    only: int = len(INSTRUMENTS),
    listed: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Scorecard, ...]:
    """Return the scorecards of a calibration with so many agents of each kind."""
    found = []
    for number, about in enumerate(INSTRUMENTS[:only]):
        name, question, positives, negatives, span, noise, num_worlds = about
        low, high = span
        for world in WORLDS[:num_worlds]:
            rng = np.random.default_rng([number, len(world)])
            kinds = _kinds(positives, negatives, span, noise, (judged, others), rng)
            if world == "cued":
                del kinds["periodic"], kinds["limited planner"]
            power = {
                array_name(kind, str(levels)): found_kind.table[:32]
                + rng.normal(0, 3 * (high - low) / levels, (len(found_kind.table[:32]), 1))
                for kind, found_kind in kinds.items()
                for levels in (2, 4, 8, 16, 32)
            }
            found.append(
                card(
                    kinds, name=name, world=world, power=power if num_worlds > 1 else None,
                    question=question, unit=UNITS[number % len(UNITS)],
                    threshold=(low + high) / 2, elsewhere=["periodic", "limited planner"],
                    listed={
                        "satisficer": "what it aspires to is part of its goal", **listed
                    },
                    limits=[
                        "A goal outside the set of candidates is called none of these.",
                        "It sees behaviour only: two agents that act alike read alike.",
                    ],
                    controls=_controls(name, kinds, low, high),
                )
            )  # fmt: skip
    return tuple(found)
