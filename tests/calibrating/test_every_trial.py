"""What holds for every trial: nothing that is required of an instrument goes unasked."""

from functools import cache
from typing import NamedTuple

import pytest

from goalscope.calibrating.cells import trial_of
from goalscope.calibrating.planting import HALVES, doses_of
from goalscope.calibrating.trial import OWN_GOAL, Trial
from goalscope.cli.calibrating import trial_names
from goalscope.discovery import find
from goalscope.instruments.base import AbstractInstrument
from goalscope.worlds.base import AbstractWorld
from goalscope.zoo.candidates import candidates

ONE_HALF = {("context_gap", "gated", 1.0, "tuning")}
"""Controls that one half of the zoo has no dose for."""

ROLES = {"positive", "negative"}


class Asked(NamedTuple):
    """A trial, and its instrument in one of its worlds."""

    trial: Trial
    world: AbstractWorld
    instrument: AbstractInstrument


@cache
def asked(name: str) -> Asked:
    trial = trial_of(name)
    world = next(iter(trial.worlds().values()))
    return Asked(trial, world, trial.instrument(world, trial.levels))


def test_every_instrument_is_tried():
    modules = {entry.module.rpartition(".")[2] for entry in find("instruments")}
    assert modules == set(trial_names())


@pytest.mark.parametrize("name", trial_names())
def test_every_control_has_agents_in_both_halves(name):
    trial, _, instrument = asked(name)
    kinds = {case.kind.name: case.kind for case in trial.cases}
    missing = set()
    for control in instrument.controls():
        least = float("-inf") if control.dose is None else control.dose
        for half in HALVES:
            if not any(dose >= least for dose in doses_of(kinds[control.kind], half)):
                missing.add((name, control.kind, control.dose, half))
    assert missing == {entry for entry in ONE_HALF if entry[0] == name}


@pytest.mark.parametrize("name", trial_names())
def test_positives_and_negatives_are_in_both_halves(name):
    trial, world, _ = asked(name)
    judged = [case for case in trial.cases if case.role != "neither"]
    assert {case.role for case in judged if case.kind.supports(world)} == ROLES
    for case in judged:
        for half in HALVES:
            assert any(case.counts(dose) for dose in doses_of(case.kind, half))


@pytest.mark.parametrize("name", trial_names())
def test_what_is_required_is_read(name):
    trial, world, instrument = asked(name)
    known = {*instrument.readings, OWN_GOAL}
    required = {control.reading for control in instrument.controls()}
    required |= {reading for case in trial.cases for reading in (*case.truth, *case.trend)}
    assert {trial.score, *required} <= known
    if OWN_GOAL in {trial.score, *required}:
        assert set(candidates(world)) <= known


@pytest.mark.parametrize("name", trial_names())
def test_doses_that_must_move_a_reading_differ_in_both_halves(name):
    for case in asked(name).trial.cases:
        if case.trend:
            for half in HALVES:
                assert len(set(doses_of(case.kind, half))) > 1


@pytest.mark.parametrize("name", trial_names())
def test_reasons_and_limits_are_given(name):
    trial = asked(name).trial
    assert set(trial.listed) <= {case.kind.name for case in trial.cases}
    assert trial.limits
    assert all(sentence.endswith(".") for sentence in trial.limits)


@pytest.mark.parametrize("name", trial_names())
def test_who_is_convicted_of_a_goal_is_so_at_the_threshold_that_is_shown(name):
    trial, _, instrument = asked(name)
    if instrument.candidates and trial.score == OWN_GOAL:
        assert trial.threshold == instrument.convicts
