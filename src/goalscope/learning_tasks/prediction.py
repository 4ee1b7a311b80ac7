"""Whether a network's start says which frequencies it will use for modular addition."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from goalscope.learning_tasks.growth import Cases
from goalscope.learning_tasks.networks import AbstractNetwork
from goalscope.learning_tasks.spectrum import (
    Spectrum,
    partial_correlation,
    rank_correlation,
    spectra,
)

Agents = tuple[AbstractNetwork, Cases]
Columns = dict[str, np.ndarray]


def prediction(
    start: Agents, trained: AbstractNetwork, others: Sequence[Agents]
) -> tuple[Float[np.ndarray, "N 5"], Float[np.ndarray, "N 5"]]:
    """Return how well the start predicts the final amplitudes, and a mismatched start.

    The five are rank correlations with the final amplitudes: of the initial amplitudes, of
    their growth, of the growth of the template; and the latter two given the initial
    amplitudes. The mismatched ones take the predictor of other agents, on average.

    Args:
        start: untrained networks with their cases, leading axis `N`.
        trained: the same networks after training.
        others: other untrained agents, as many each time.
    """
    own = _plain(spectra(*start))
    final = _plain(spectra(trained, start[1]))["amplitude"]
    values = _correlations(own, own, final)
    strangers = [_correlations(_plain(spectra(*each)), own, final) for each in others]
    return values, np.mean(strangers, axis=0)


def _correlations(
    predictor: Columns, own: Columns, final: Float[np.ndarray, "N F"]
) -> Float[np.ndarray, "N 5"]:
    rows = []
    for agent, end in enumerate(final):
        begin = own["amplitude"][agent]
        growing = predictor["growth"][agent], predictor["template"][agent]
        rows.append(
            (
                rank_correlation(predictor["amplitude"][agent], end),
                *(rank_correlation(each, end) for each in growing),
                *(partial_correlation(each, end, begin) for each in growing),
            )
        )
    return np.array(rows)


def _plain(spectrum: Spectrum) -> Columns:
    return {n: np.asarray(each, np.float64) for n, each in spectrum._asdict().items()}
