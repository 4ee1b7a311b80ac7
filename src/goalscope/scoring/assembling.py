"""The scorecards of a calibration, read back from its folder."""

import numpy as np
from jaxtyping import Float

from goalscope.folder import Folder
from goalscope.scoring.metrics import measured_mean
from goalscope.scoring.records import Scorecard
from goalscope.scoring.scorecard import score
from goalscope.scoring.trial_readings import TrialReadings


def scorecards(folder: Folder) -> tuple[Scorecard, ...]:
    """Return a scorecard for every finished cell, in the order of the study.

    Raises:
        UserError: exit code 3, if a file is damaged.
    """
    cards = []
    for key in folder.finished_cells():
        record = folder.read(key)
        asked = record.description
        power = folder.load(key, "power") if "power.safetensors" in record.files else {}
        readings = TrialReadings(record.metadata, folder.load(key, "readings"))
        cards.append(score(asked["trial"], asked["world"], asked["half"], readings, power))
    return tuple(cards)


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
