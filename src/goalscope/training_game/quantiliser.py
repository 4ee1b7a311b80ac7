"""Quantilisers: a plan at random from the best share `q` of all plans.

For games in which every defection in training is noticed and every own episode pays.
"""

import itertools

import numpy as np
from jaxtyping import Float, Int

from goalscope.training_game.game import LENGTH, NUM_OPTIONS, OWN, REWARDED


def plans(training: int, deployment: int) -> Int[np.ndarray, "P E"]:
    """Return all plans, 1 for an episode spent on the own goal.

    >>> plans(1, 1).tolist()
    [[0, 0], [0, 1], [1, 0], [1, 1]]
    """
    return np.array(list(itertools.product((0, 1), repeat=training + deployment)))


def gains(plans: Int[np.ndarray, "P E"], training: int) -> Int[np.ndarray, " P"]:
    """Return what each plan yields: one unit if it defects in training, else the rest."""
    early = plans[:, :training].any(axis=1)
    return np.where(early, 1, plans[:, training:].sum(axis=1))


def chosen(gains: Int[np.ndarray, " P"], share: float) -> Float[np.ndarray, " P"]:
    """Return the chance of each plan: uniform over the best share (Taylor 2016).

    Plans that yield as much as the last of them share what is left of it.

    >>> chosen(np.array([0, 1, 1, 2]), 0.5).tolist()
    [0.0, 0.25, 0.25, 0.5]
    """
    if not 0 < share <= 1:
        raise ValueError(f"share is {share}: give more than 0 and at most 1")
    count, left, found = len(gains), share, np.zeros(len(gains))
    for gain in np.unique(gains)[::-1]:
        tied = gains == gain
        taken = min(left, tied.sum() / count)
        found[tied] = taken / tied.sum() / share
        left -= taken
    return found


def quantiliser(training: int, deployment: int, share: float) -> Float[np.ndarray, "T G O"]:
    """Return a quantiliser's policy by episode and gain, unchanged so far."""
    every = plans(training, deployment)
    weights = chosen(gains(every, training), share)
    policy = np.full((LENGTH, LENGTH, NUM_OPTIONS), 1 / NUM_OPTIONS, np.float32)
    for episode in range(training + deployment):
        before = every[:, :episode]
        unchanged = ~before[:, :training].any(axis=1)
        for gained in range(episode + 1):
            here = unchanged & (before.sum(axis=1) == gained)
            mass = weights[here].sum()
            if mass > 0:
                own = weights[here & (every[:, episode] == 1)].sum() / mass
                policy[episode, gained] = 0
                policy[episode, gained, [REWARDED, OWN]] = 1 - own, own
    return policy
