"""Records of a finished run, as NumPy arrays and plain values. No JAX from here down."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from goalscope.evidence import Evidence
from goalscope.plots import AbstractPlot
from goalscope.scoring.released import Domain

HALF = "half-generalised networks"
"""What networks are called that were trained where candidate goals coincide."""


class Outcome(Enum):
    """What a run says about a claim."""

    SUPPORTED = "supported"
    REFUTED = "refuted"
    MIXED = "mixed"
    UNDERPOWERED = "underpowered"
    INVALID = "invalid"


@dataclass(frozen=True)
class Verdict:
    """A claim, judged.

    Fields:
        claim: the claim's sentence.
        outcome: what the run says about it.
        estimate, lower, upper: the quantity that the rule looks at with its interval, in
            `unit`; NaN where there was nothing to estimate, and infinite where a curve
            crosses its level beyond the highest dose or below the lowest.
        n: independently trained agents behind the estimate, of the smallest arm where it
            rests on several.
        p_value: two-sided, after Holm's correction over the experiment's claims; NaN for
            a claim that was not tested, being invalid or short of agents.
        rule: the rule in words, thresholds included; written before the run.
        rule_hash: sha256 of the rule's canonical form.
        reason: one sentence that says how the rule led to the outcome.
        source: the discussion that the claim comes from, and its number there.
        instruments: names of the instruments whose readings the claim rests on.
        rests_on: names of the arms and planted kinds whose readings led to the outcome.
    """

    claim: str
    outcome: Outcome
    estimate: float
    lower: float
    upper: float
    n: int
    p_value: float
    unit: str
    rule: str
    rule_hash: str
    reason: str
    source: str = ""
    instruments: tuple[str, ...] = ()
    rests_on: tuple[str, ...] = ()


@dataclass(frozen=True)
class Calibration:
    """How an instrument did on planted agents, whose goal is known, in the same run.

    Fields:
        instrument: its name in the experiment.
        rows: planted kind -> reading -> share of its agents convicted of that reading.
        truth: planted kind -> its goal, or None if it has none of the candidates.
        counts: planted kind -> number of agents.
        hits, positives: planted agents with a candidate goal that were convicted of it.
        false_convictions, negatives: planted agents convicted of a candidate that they do
            not have, of those for which there is such a candidate; each counts once.
        passed: whether the gate was met; if not, verdicts that use it are invalid.
        gate: the gate in words.
        torn, networks: half-generalised networks, each at each checkpoint, that draws of
            levels were torn about, naming two different goals, of those that were read.
    """

    instrument: str
    rows: Mapping[str, Mapping[str, float]]
    truth: Mapping[str, str | None]
    counts: Mapping[str, int]
    hits: int
    positives: int
    false_convictions: int
    negatives: int
    passed: bool
    gate: str
    torn: int = 0
    networks: int = 0


@dataclass(frozen=True)
class ArmResult:
    """One arm's agents along training.

    Fields:
        name, title: the arm's key in the experiment and what to call it in figures.
        group: arms of one group form one dose-response curve ("exact", "ppo").
        dose: the swept value, or None.
        trainer: the learning rule's name.
        agents: agent numbers, `[N]`; an agent's seed is (root seed, agent number).
        updates: training updates at each checkpoint, `[C]`.
        environment_steps: the same in environment steps, `[C]`.
        curves: training metrics at each checkpoint, name -> `[N, C]`.
        diverged_at: update at which an agent became non-finite, or -1, `[N]`.
        competent: whether the agent passed the competence gate, `[N]`.
        portraits: final policy on the experiment's gallery levels, `[N, P, S, A]`.
        seconds: compute time of the arm's cells.
        cells: keys of the stored cells behind it.
        pays: name of the goal that training paid for.
        factors: the arm's place in a design of several factors.
    """

    name: str
    title: str
    group: str
    dose: float | None
    trainer: str
    agents: Int[np.ndarray, " N"]
    updates: Int[np.ndarray, " C"]
    environment_steps: Float[np.ndarray, " C"]
    curves: Mapping[str, Float[np.ndarray, "N C"]]
    diverged_at: Int[np.ndarray, " N"]
    competent: Bool[np.ndarray, " N"]
    portraits: Float[np.ndarray, "N P S A"]
    seconds: float
    cells: tuple[str, ...]
    pays: str = ""
    factors: Mapping[str, float] = field(default_factory=dict)

    @property
    def included(self) -> Bool[np.ndarray, " N"]:
        """Agents whose goal is worth reading: competent and never diverged."""
        return self.competent & (self.diverged_at < 0)


@dataclass(frozen=True)
class Picture:
    """A level drawn for the reader: text in the world's ASCII form, and where states lie.

    Fields:
        title: one line.
        text: the level, one character a cell.
        cells: row and column (border included, as in `text`) of each of the `S` states
            of a portrait; -1 for states that are not drawn, `[S, 2]`.
        moves: where each action leads from each state, in rows and columns, `[S, A, 2]`;
            None if the first four are up, left, down and right.
    """

    title: str
    text: str
    cells: Int[np.ndarray, "S 2"]
    moves: Int[np.ndarray, "S A 2"] | None = None


@dataclass(frozen=True)
class Setup:
    """What a study was set to, as plain JSON descriptions of its records.

    Fields:
        arms, planted: name of an arm or planted kind -> its condition.
        instruments: name -> measurement.
        competence: reading and threshold of the competence gate, or None.
        meanings: class -> field -> what it means; a world's story stands under "".
    """

    arms: Mapping[str, Any] = field(default_factory=dict)
    planted: Mapping[str, Any] = field(default_factory=dict)
    instruments: Mapping[str, Any] = field(default_factory=dict)
    competence: Mapping[str, Any] | None = None
    meanings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Damage:
    """Something that was concluded from, and is missing or not as it was then.

    Fields:
        name: the arm or planted kind that it belongs to; empty for the conclusions.
        path: the file, or the folder of a cell, below the result.
        message: what is wrong with it.
    """

    name: str
    path: str
    message: str


@dataclass(frozen=True)
class Result:
    """Everything a report shows, read back from a result folder.

    Fields:
        name, question, size, seed: the experiment and how it was asked.
        settings: resolved parameters of the experiment function.
        command: what to type to get this result again.
        arms: arm name -> its agents.
        evidence: (arm, instrument, reading) -> values with interval, for arms and for
            planted kinds alike.
        labels: arm -> dominant goal of each agent at each checkpoint, as an index into
            `label_names`, `[N, C]`.
        label_names: candidate goals, then "none of these", then "undecided".
        calibration: instrument name -> how it did on planted agents.
        verdicts: the claims, judged.
        pictures: the experiment's gallery.
        action_names: the world's actions.
        fingerprint: versions, device, and when it ran.
        plots: pictures that the experiment asks for.
        setup: what the study was set to.
        domains: instrument name -> where it was used, for what its calibration covers.
        damage: what is not whole. Verdicts that rest on it are invalid, and arms whose
            cells it concerns are left out.
        repair: what to type to finish or to repair this folder.
        world_check: what was looked at in the worlds before the run; "" if nothing was.
    """

    name: str
    question: str
    size: str
    seed: int
    settings: Mapping[str, object]
    command: str
    arms: Mapping[str, ArmResult]
    evidence: Mapping[tuple[str, str, str], Evidence]
    labels: Mapping[str, Int[np.ndarray, "N C"]]
    label_names: tuple[str, ...]
    calibration: Mapping[str, Calibration]
    verdicts: tuple[Verdict, ...]
    pictures: tuple[Picture, ...]
    action_names: tuple[str, ...]
    fingerprint: Mapping[str, str]
    plots: tuple[AbstractPlot, ...] = ()
    domains: Mapping[str, Domain] = field(default_factory=dict)
    setup: Setup = field(default_factory=Setup)
    damage: tuple[Damage, ...] = ()
    repair: str = ""
    world_check: str = ""
