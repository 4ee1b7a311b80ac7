"""Runs of the dilemma and of the recommender, as procedures of an experiment."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jax import numpy as jnp
from jaxtyping import Float, Int

from goalscope.incentives.learners import AbstractLearner
from goalscope.incentives.outer_loops import (
    AbstractOuterLoop,
    EvolutionStrategies,
    NoLoop,
    PopulationBasedTraining,
)
from goalscope.incentives.policy_gradients import ActorCritic, Reinforce
from goalscope.incentives.population import Setting, cooperation
from goalscope.incentives.recommender import Market, drift
from goalscope.incentives.value_learners import CrossEntropyBandit, QLearning
from goalscope.population import agent_keys
from goalscope.procedure import Findings, Report, measured

CHECKPOINTS = 20
LAST = 0.4
"""Share of the run so far over which a reading is averaged."""

FLIPPED = 0.5
VALUE, BONUS = 1.0, 0.5
NONE = {"loop": "none"}
RATES = {
    "learning_rate": 0.1,
    "temperature": 0.3,
    "loyalty_rate": 0.1,
    "interest_rate": 0.05,
    "forgetting": 0.02,
}


class Size(NamedTuple):
    """How long a run is: learners in a population, stretches, steps of a stretch."""

    learners: int = 1
    stretches: int = 1000
    steps: int = 100


def dilemma(
    numbers: Int[np.ndarray, " N"],
    seed: int,
    report: Report,
    *,
    learner: Mapping[str, Any],
    outer: Mapping[str, Any] = NONE,
    size: Sequence[int] = Size(),
    spread: float = 0.1,
) -> Findings:
    """Return how much populations of learners cooperate with their own future.

    Cooperation pays 1 a step later, defection 0.5 at once.

    Args:
        numbers: the populations.
        seed: of the experiment.
        report: called when it begins.
        learner: `rule` (reinforce, actor-critic, q-learning or cross-entropy) and its
            fields.
        outer: `loop` (none, pbt or es), its fields, and `swap`: whether learners change
            environments at every step.
        size: a `Size`.
        spread: standard deviation of initial parameters.
    """
    shape = Size(*size)
    report({"updates": 0, "of": shape.stretches})
    setting = Setting(
        _learner(**learner),
        _outer(outer),
        jnp.float32(VALUE),
        jnp.float32(BONUS),
        jnp.float32(spread),
        jnp.array(bool(outer.get("swap", False))),
    )
    share = cooperation(agent_keys(seed, numbers), setting, **_counts(shape))
    per_stretch = np.asarray(share)
    kept = checkpoints(shape.stretches)
    late = np.stack([_late(per_stretch, until) for until in kept], axis=1)
    flipped = np.repeat(first_flip(per_stretch)[:, None], len(kept), axis=1)
    values = np.stack([late, flipped * shape.steps], axis=-1)
    return _findings("dilemma", values, kept, shape)


def recommender(
    numbers: Int[np.ndarray, " N"],
    seed: int,
    report: Report,
    *,
    outer: Mapping[str, Any] = NONE,
    rates: Mapping[str, float] = RATES,
    size: Sequence[int] = Size(20, 1000, 10),
) -> Findings:
    """Return how far the users of populations of recommenders drift.

    Args:
        numbers: the populations.
        seed: of the experiment.
        report: called when it begins.
        outer: as in `dilemma`.
        rates: fields of `recommender.Market`.
        size: a `Size`.
    """
    shape = Size(*size)
    report({"updates": 0, "of": shape.stretches})
    market = Market(
        outer=_outer(outer),
        swap=jnp.array(bool(outer.get("swap", False))),
        **{name: jnp.float32(rate) for name, rate in {**RATES, **rates}.items()},
    )
    found = np.asarray(drift(agent_keys(seed, numbers), market, **_counts(shape)))
    kept = checkpoints(shape.stretches)
    values = np.stack([_late(found, until) for until in kept], axis=1)
    return _findings("users", values, kept, shape)


def checkpoints(stretches: int) -> tuple[int, ...]:
    """Return after how many stretches a run is read: evenly spaced, the last included.

    >>> checkpoints(3)
    (1, 2, 3)
    """
    count = min(CHECKPOINTS, stretches)
    return tuple(stretches * (index + 1) // count for index in range(count))


def first_flip(share: Float[np.ndarray, "M Z"]) -> Float[np.ndarray, " M"]:
    """Return after how many stretches cooperation first exceeds a half; inf if never.

    >>> first_flip(np.array([[0.1, 0.6, 0.2], [0.1, 0.2, 0.3]])).tolist()
    [1.0, inf]
    """
    above = share > FLIPPED
    return np.where(above.any(axis=1), above.argmax(axis=1).astype(float), np.inf)


def _late(values: Float[np.ndarray, "M Z *r"], until: int) -> Float[np.ndarray, "M *r"]:
    """Return means over the last part of the first `until` stretches."""
    begin = min(int((1 - LAST) * until), until - 1)
    return values[:, begin:until].mean(axis=1)


def _findings(
    readout: str, values: Float[np.ndarray, "M C R"], kept: tuple[int, ...], size: Size
) -> Findings:
    updates = tuple(until * size.steps for until in kept)
    return Findings(updates, {readout: measured(values, count=size.steps * size.learners)})


def _counts(size: Size) -> dict[str, int]:
    return {f"num_{name}": count for name, count in size._asdict().items()}


def _learner(
    rule: str,
    *,
    learning_rate: float,
    discount: float = 0.0,
    exploration: float = 0.01,
    temperature: float = 0.1,
    stateful: bool = False,
) -> AbstractLearner:
    named = {"learning_rate": learning_rate, "stateful": stateful}
    rules = {
        "reinforce": lambda: Reinforce(discount=discount, **named),
        "actor-critic": lambda: ActorCritic(discount=discount, **named),
        "q-learning": lambda: QLearning(
            discount=discount, exploration=exploration, **named
        ),
        "cross-entropy": lambda: CrossEntropyBandit(
            temperature=temperature, scale=VALUE + BONUS, **named
        ),
    }
    if rule not in rules:
        raise ValueError(f"no learning rule {rule!r}; choose one of {', '.join(rules)}")
    return rules[rule]()


def _outer(fields: Mapping[str, Any]) -> AbstractOuterLoop:
    own = {name: value for name, value in fields.items() if name not in ("loop", "swap")}
    loops = {
        "none": NoLoop,
        "pbt": PopulationBasedTraining,
        "es": EvolutionStrategies,
    }
    if fields["loop"] not in loops:
        raise ValueError(
            f"no outer loop {fields['loop']!r}; choose one of {', '.join(loops)}"
        )
    return loops[fields["loop"]](**own)
