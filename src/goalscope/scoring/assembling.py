"""The scorecards of a calibration, read back from its folder."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float

from goalscope.scoring.attacks import attack_rows
from goalscope.scoring.gates import invariance_gates
from goalscope.scoring.invariances import invariances
from goalscope.scoring.metrics import measured_mean
from goalscope.scoring.records import Scorecard
from goalscope.scoring.scorecard import score
from goalscope.scoring.trial_readings import TrialReadings
from goalscope.storage.folder import Folder

TRIAL = "trial"
"""The kind of the cells that hold a trial; others hold what was tried besides."""


def scorecards(folder: Folder) -> tuple[Scorecard, ...]:
    """Return a scorecard for every finished cell, in the order of the study.

    Raises:
        UserError: exit code 3, if a file is damaged.
    """
    cards, further = [], {}
    for key in folder.finished_cells():
        record = folder.read(key)
        asked = record.description
        if record.kind != TRIAL:
            about = (asked["trial"], asked["world"], record.kind)
            further[about] = (record.metadata, folder.load(key, "readings"))
            continue
        power = folder.load(key, "power") if "power.safetensors" in record.files else {}
        readings = TrialReadings(record.metadata, folder.load(key, "readings"))
        cards.append(score(asked["trial"], asked["world"], asked["half"], readings, power))
    return tuple(_with_more(card, further) for card in cards)


def _with_more(
    card: Scorecard,
    further: Mapping[tuple[str, str, str], tuple[Mapping[str, Any], dict[str, np.ndarray]]],
) -> Scorecard:
    """Return a scorecard with the invariances and attacks that were tried."""
    about = (card.instrument, card.world)
    if (found := further.get((*about, "invariances"))) is not None:
        held = invariances(*found)
        gates = (*card.gates, *invariance_gates(held))
        card = dataclasses.replace(card, gates=gates, invariances=held)
    if (found := further.get((*about, "adversaries"))) is not None:
        card = dataclasses.replace(card, attacks=attack_rows(*found))
    return card


def matrix(
    cards: tuple[Scorecard, ...], kinds: tuple[str, ...], names: tuple[str, ...]
) -> Float[np.ndarray, "I K"]:
    """Return the mean score of each instrument on each kind, scaled to its own range.

    0 is what its negatives read on average, 1 what its positives do; NaN where a kind is no
    part of the trial, and where positives cannot be told from negatives (the interval of
    the AUC holds 0.5 or lies below), so that there is no scale.
    """
    table = np.full((len(names), len(kinds)), np.nan)
    for i, name in enumerate(names):
        own = [card for card in cards if card.instrument == name]
        for j, kind in enumerate(kinds):
            scaled = [_scaled(card, kind) for card in own]
            known = [value for value in scaled if np.isfinite(value)]
            table[i, j] = np.mean(known) if known else np.nan
    return table


def _scaled(card: Scorecard, kind: str) -> float:
    scores = {row.kind: row.score for row in card.kinds}
    if kind not in scores or not card.auc.lower > 0.5:
        return float("nan")
    ends = [
        measured_mean(np.array([row.score for row in card.kinds if row.role == role]))
        for role in ("negative", "positive")
    ]
    span = ends[1] - ends[0]
    return float((scores[kind] - ends[0]) / span) if span else float("nan")
