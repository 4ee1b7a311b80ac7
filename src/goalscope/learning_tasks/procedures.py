"""Small networks at their start and along training, as procedures of an experiment."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from jax import numpy as jnp
from jaxtyping import Float, Int

from goalscope.learning_tasks.examples import example, stacked
from goalscope.learning_tasks.growth import Cases, Growth
from goalscope.learning_tasks.milestones import best_constant, milestones
from goalscope.learning_tasks.networks import AbstractNetwork, PairNetwork
from goalscope.learning_tasks.parity import population_gradient
from goalscope.learning_tasks.prediction import prediction
from goalscope.learning_tasks.training import Look, Rule, course, start
from goalscope.procedure import Findings, Report, measured

LOOKS = 60
ALL_SIGNS = 12
OTHERS = 4
"""Other networks whose start stands in for an agent's own, for comparison."""

APART = 1_000_003
SHUFFLED = 5
"""Place of the shuffled control among the readings of a start."""

Columns = dict[str, np.ndarray]
"""Rates of several agents, by name."""

NETWORK = {"width": 128, "activation": "relu"}
SIGNS = {"width": 128}
RULE = {"learning_rate": 3e-3, "decay": 1.0, "updates": 1200}


def at_start(
    numbers: Int[np.ndarray, " N"],
    seed: int,
    report: Report,
    *,
    task: Mapping[str, Any],
    network: Mapping[str, Any] = NETWORK,
) -> Findings:
    """Return growth along the training gradient of untrained networks.

    Args:
        numbers: the agents.
        seed: of the experiment.
        report: called when it begins.
        task: as in `examples.example`.
        network: as there.
    """
    report({"updates": 0, "of": 1})
    networks, cases = drawn(numbers, seed, task, network)
    found = _columns(start(networks, cases))
    mixed = _columns(start(networks, cases._replace(taught=cases.shuffled)))
    values = _start(found, mixed, _invisible(cases))[:, None]
    control = np.full_like(values, np.nan)
    control[:, 0, 0] = values[:, 0, SHUFFLED]
    checks = (found["training"] > 0)[:, None, None]
    return Findings((0,), {"start": measured(values, checks=checks, control=control)})


def along_training(
    numbers: Int[np.ndarray, " N"],
    seed: int,
    report: Report,
    *,
    task: Mapping[str, Any],
    network: Mapping[str, Any] = NETWORK,
    rule: Mapping[str, float | int] = RULE,
    shuffle: bool = False,
) -> Findings:
    """Return growth and accuracy along training, and when each began.

    Args:
        numbers: the agents.
        seed: of the experiment.
        report: called when it begins.
        task: as in `examples.example`.
        network: as there.
        rule: `learning_rate`, `decay`, and `updates` in all, a multiple of 60.
        shuffle: whether training wants shuffled answers.
    """
    times = _times(int(rule["updates"]))
    report({"updates": 0, "of": rule["updates"]})
    networks, cases = drawn(numbers, seed, task, network)
    if shuffle:
        cases = cases._replace(taught=cases.shuffled)
    how = Rule(
        jnp.float32(rule["learning_rate"]), jnp.float32(rule["decay"]), jnp.int32(times[1])
    )
    trained, looks = course(networks, cases, how, num_looks=LOOKS)
    readings = {"course": measured(_course(looks, cases, times))}
    if isinstance(trained, PairNetwork) and task["kind"] == "addition" and not shuffle:
        others = [
            drawn(numbers + APART * (other + 1), seed, task, network)
            for other in range(OTHERS)
        ]
        found = prediction((networks, cases), trained, others)
        value, null = (np.repeat(e[:, None], len(times), axis=1) for e in found)
        readings["prediction"] = measured(value, control=null)
    return Findings(tuple(int(time) for time in times), readings)


def over_all_inputs(
    numbers: Int[np.ndarray, " N"],
    seed: int,
    report: Report,
    *,
    degree: int,
    share_up: float = 0.5,
    bias: bool = False,
    width: int = 128,
) -> Findings:
    """Return what the gradient over all inputs of 12 signs shows at the start.

    Args:
        numbers: the agents.
        seed: of the experiment.
        report: called when it begins.
        degree: signs that matter, of 12.
        share_up: probability of +1.
        bias: whether hidden units have biases.
        width: hidden units.
    """
    report({"updates": 0, "of": 1})
    length, rows = ALL_SIGNS, []
    for number in numbers:
        random = np.random.default_rng([seed, int(number)])
        weights = random.normal(0, 1 / np.sqrt(length), (length, width))
        biases = random.normal(0, 1 / np.sqrt(length), width) * bias
        outer = random.normal(0, 1 / np.sqrt(width), width)
        pull = population_gradient(weights, biases, outer, degree=degree, share_up=share_up)
        rows.append(visibility(pull, degree))
    values = np.array(rows)[:, None]
    return Findings((0,), {"inputs": measured(values, count=2**length)})


def visibility(pull: Float[np.ndarray, "n H"], degree: int) -> tuple[float, float, float]:
    """Return how a gradient on the first layer tells the signs that matter from others.

    That is the mean size on those that matter over the mean size on the others, whether
    all that matter come before all others (both NaN for a gradient of 0), and the largest
    size of all.
    """
    sizes = np.abs(pull).mean(axis=1)
    matter, others = sizes[:degree], sizes[degree:]
    largest = float(np.abs(pull).max())
    if largest == 0:
        return np.nan, np.nan, 0.0
    over = matter.mean() / others.mean() if others.mean() else np.inf
    return float(over), float(matter.min() > others.max()), largest


def drawn(
    numbers: Int[np.ndarray, " N"],
    seed: int,
    task: Mapping[str, Any],
    network: Mapping[str, Any],
) -> tuple[AbstractNetwork, Cases]:
    """Return untrained networks and their cases, with a leading axis `N`."""
    each = [
        example(np.random.default_rng([seed, int(number)]), task, network)
        for number in numbers
    ]
    networks, cases = zip(*each, strict=True)
    return stacked(networks), stacked(cases)


def _start(
    found: Columns, mixed: Columns, invisible: Float[np.ndarray, " N"]
) -> Float[np.ndarray, "N R"]:
    """Return readings of starts: rates in parts of that of the training margin."""
    held, wrong, everywhere, taught = (
        found[name] / _grown(found) for name in ("held", "wrong", "everywhere", "training")
    )
    columns = (
        held,
        taught * (held > 0),
        taught * (held < 0),
        wrong,
        held - wrong,
        mixed["held"] / _grown(mixed),
        everywhere,
        taught * (everywhere > 0),
        invisible,
        found["signal"],
    )
    return np.stack(columns, axis=-1)


def _grown(found: Columns) -> Float[np.ndarray, " N"]:
    """Return the rate of the training margin, NaN where it does not grow."""
    return np.where(found["training"] > 0, found["training"], np.nan)


def _invisible(cases: Cases) -> Float[np.ndarray, " N"]:
    """Return `G / M` where the gradient over all cases is zero: `−taught / held`."""
    return -np.asarray(cases.train.sum(axis=1) / cases.held.sum(axis=1), np.float64)


def _course(
    looks: Look, cases: Cases, times: Int[np.ndarray, " C"]
) -> Float[np.ndarray, "N C R"]:
    """Return readings at each look, milestones being the same at all looks."""
    held, train, labels = (
        np.asarray(each) for each in (cases.held, cases.train, cases.labels)
    )
    growth = _columns(looks.growth)
    tested, trained = np.asarray(looks.tested), np.asarray(looks.trained)
    rows = []
    for agent, answers in enumerate(labels):
        chance = best_constant(answers, held[agent] + train[agent])
        count = int(held[agent].sum())
        found = milestones(
            times, growth["held"][agent], tested[agent], chance=chance, num_cases=count
        )
        rows.append((*found, chance))
    fixed = np.repeat(np.array(rows)[:, None], len(times), axis=1)
    along = np.stack((growth["cosine"], tested, trained), axis=-1)
    return np.concatenate([along, fixed], axis=-1)


def _times(updates: int) -> Int[np.ndarray, " C"]:
    if updates < LOOKS or updates % LOOKS:
        raise ValueError(f"updates is a multiple of {LOOKS}; got {updates}")
    return np.arange(LOOKS + 1) * (updates // LOOKS)


def _columns(growth: Growth) -> Columns:
    return {name: np.asarray(each, np.float64) for name, each in growth._asdict().items()}
