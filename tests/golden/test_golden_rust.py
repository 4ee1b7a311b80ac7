"""Harold Zurcher's bus engines: Rust 1987 (Econometrica 55:999-1033), Table IX.

Each month he keeps a bus's engine, at a cost of `0.001 theta x` in mileage bin `x`, or pays
`RC` for a new one. Odometers are those that the package `econirl` ships (`rust_bus_
original.csv`; 104 buses, groups 1 to 4), and the odometer at each replacement is that of
Rust's NFXP archive, in hundreds of miles below: the package's own column of replacements
goes by dates and misplaces some of them by months. As in Rust's `STORDAT.GPR`, an engine is
new from the first reading at or past that odometer; there are 90 bins of 5000 miles, the
n-th up to and including 5000 n; and each bus's first month is dropped.

Estimates and log-likelihoods come out to the last or last but one digit printed, but for
one: groups 1-3 without discount print -2710.746 and give -2710.7245, so that the likelihood
ratio is 4.716 and not 4.760. Standard errors are those of squared scores (the inverse
Hessian gives ones 15-30 % smaller), to 0.1 %; in that same row RC's is 1.046, not 1.042.
"""

from importlib.util import find_spec
from pathlib import Path

import jax
import numpy as np
import pytest
from jax import numpy as jnp

from goalscope.tabular.choices import explain_choices, likelihood_ratio
from goalscope.tabular.process import StochasticProcess
from goalscope.tabular.soft import exact_soft_values, log_policy

pytestmark = pytest.mark.science

NUM_BINS, BIN = 90, 5000
REPLACED = {  # bus of econirl: odometer at its replacements, hundreds of miles
    20: (2209,), 21: (1866,), 24: (2099,), 25: (1988,), 27: (1877,), 29: (1625,),
    30: (1878,), 33: (1248,), 38: (2507,), 41: (1877,), 42: (2434,), 43: (2081,),
    44: (1465,), 46: (2159,), 47: (2048,), 48: (1566,), 49: (2352,), 53: (2321,),
    54: (2327,), 55: (2292,), 56: (1592,), 57: (2365,), 58: (1419,), 59: (1499,),
    62: (1949,), 64: (2734,), 67: (2151,), 68: (1534,), 70: (2091,), 71: (2150,),
    72: (1686,), 73: (1288,), 74: (2859,), 75: (2900,), 76: (3873,), 77: (2354,),
    78: (2512,), 79: (2261,), 80: (3001,), 81: (2466,), 82: (2725,), 83: (3286,),
    84: (2600,), 85: (3586,), 86: (2747,), 87: (1213, 2934), 88: (2924,), 89: (3632,),
    90: (2115,), 91: (3249,), 92: (2631,), 93: (2992,), 94: (2676,), 96: (2706,),
    97: (2641,), 99: (2815,), 100: (2574,), 102: (3338,), 103: (1775,),
}  # fmt: skip
GROUPS = {"1-3": (1, 2, 3), "4": (4,), "1-4": (1, 2, 3, 4)}
TABLE_IX = {  # RC, its standard error, theta, its standard error, log-likelihood
    ("1-3", 0.9999): (11.7270, 2.602, 4.8259, 1.792, -2708.366),
    ("1-3", 0.0): (8.2985, 1.042, 109.9031, 26.163, -2710.7245),
    ("4", 0.9999): (10.0750, 1.582, 2.2930, 0.639, -3304.155),
    ("4", 0.0): (7.6358, 0.7197, 71.5133, 13.778, -3306.028),
    ("1-4", 0.9999): (9.7558, 1.227, 2.6275, 0.618, -6055.250),
    ("1-4", 0.0): (7.3055, 0.5067, 70.2769, 10.750, -6061.641),
}


@pytest.fixture(autouse=True)
def double():
    with jax.enable_x64(True):
        yield


def odometers() -> dict[int, tuple[int, np.ndarray]]:
    """Return the group and the monthly odometer of each bus, in miles."""
    package = find_spec("econirl")  # it is read, and never run: importing sets JAX options
    if package is None or package.origin is None:
        pytest.skip("the data come with econirl 0.1.1")
    folder = Path(package.origin).parent / "datasets"
    text = (folder / "rust_bus_original.csv").read_text("utf-8")
    rows = [line.split(",") for line in text.splitlines()[1:]]
    buses: dict[int, tuple[int, list[float]]] = {}
    for bus, _, thousands, _, _, group in rows:
        readings = buses.setdefault(int(bus), (int(group), []))[1]
        readings.append(1000 * float(thousands))
    return {bus: (group, np.array(miles)) for bus, (group, miles) in buses.items()}


def counted(buses, groups) -> np.ndarray:
    """Return months by mileage bin, choice, and rise of mileage in bins, `[90, 2, 3]`."""
    months = np.zeros((NUM_BINS, 2, 3))
    for bus, (group, miles) in buses.items():
        if group not in groups:
            continue
        past = 100 * np.array(REPLACED.get(bus, ()), float)
        engine = np.sum(miles[:, None] >= past[None], axis=1)
        since = miles - np.append(0, past)[engine]
        bins = np.ceil(np.round(since / BIN, 6)).astype(int)
        replaced = np.diff(engine)
        rise = np.where(replaced, bins[1:], np.diff(bins))
        np.add.at(months, (bins[1:] - 1, np.append(replaced[1:], 0), rise), 1)
    return months


def buses_age(rises: jnp.ndarray) -> StochasticProcess:
    """Return the process of mileage; action 1 replaces the engine first."""
    transitions = jnp.zeros((NUM_BINS, 2, NUM_BINS))
    bins = np.arange(NUM_BINS)
    for rise in range(3):
        after = np.minimum(bins + rise, NUM_BINS - 1)
        transitions = transitions.at[bins, 0, after].add(rises[rise])
        transitions = transitions.at[bins, 1, rise].add(rises[rise])
    return StochasticProcess(jnp.ones(NUM_BINS) / NUM_BINS, transitions)


def costs() -> jnp.ndarray:
    features = np.zeros((NUM_BINS, 2, 2))
    features[:, 0, 0] = -1e-3 * np.arange(NUM_BINS)
    features[:, 1, 1] = -1
    return jnp.asarray(features)


def standard_errors(weights, months, discount) -> np.ndarray:
    """Return those of `theta, RC`, from squared scores (Berndt et al. 1974).

    Of choices and transitions together, as Rust's program does.
    """

    def logs(parameters):
        shares = jnp.append(parameters[2:], 1 - jnp.sum(parameters[2:]))
        process = buses_age(shares)
        rewards = costs() @ parameters[:2]
        values = exact_soft_values(process, rewards, discount)
        chosen = log_policy(process, rewards, values, discount)
        return chosen[..., None] + jnp.log(shares)[None, None]

    rises = months.sum((0, 1))
    parameters = jnp.append(weights, jnp.asarray(rises / rises.sum())[:2])
    scores = np.asarray(jax.jit(jax.jacfwd(logs))(parameters)).reshape(-1, 4)
    information = scores.T @ (months.reshape(-1, 1) * scores)
    return np.sqrt(np.diag(np.linalg.inv(information)))[:2]


def test_table_ix_and_its_test_of_myopia():
    buses, likelihoods = odometers(), {}
    for (name, discount), row in TABLE_IX.items():
        months = counted(buses, GROUPS[name])
        choices, rises = months.sum(2), months.sum((0, 1))
        shares = rises / rises.sum()
        process = buses_age(jnp.asarray(shares))
        guess = jnp.array([row[2] / 1.2, row[0] / 1.1])
        found = explain_choices(
            process, costs(), jnp.asarray(choices), discount, guess=guess
        )
        np.testing.assert_allclose(found.weights, [row[2], row[0]], rtol=5e-5)
        both = found.log_likelihood + rises @ np.log(shares)
        assert both == pytest.approx(row[4], abs=1.1e-3)
        likelihoods[name, discount] = both
        errors = standard_errors(found.weights, months, discount)
        close = 1e-3 if (name, discount) != ("1-3", 0.0) else 5e-3
        np.testing.assert_allclose(errors, [row[3], row[1]], rtol=close)
    for name, ratio, chance in (
        ("1-3", 4.716, 0.030),
        ("4", 3.746, 0.053),
        ("1-4", 12.782, 0.00035),
    ):
        found = likelihood_ratio(likelihoods[name, 0.9999], likelihoods[name, 0.0])
        assert found == pytest.approx((ratio, chance), rel=0.01)
