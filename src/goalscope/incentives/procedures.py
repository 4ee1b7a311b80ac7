"""Runs of the dilemma and of the recommender, as procedures of an experiment."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Float, Int

from goalscope.incentives.learners import AbstractLearner
from goalscope.incentives.outer_loops import (
    AbstractOuterLoop,
    EvolutionStrategies,
    NoLoop,
    PopulationBasedTraining,
)
from goalscope.incentives.policy_gradients import ActorCritic, Reinforce
from goalscope.incentives.population import Setting, cooperation
from goalscope.incentives.reading import (
    Size,
    checkpoints,
    counts,
    findings,
    first_above,
    late,
)
from goalscope.incentives.recommender import READINGS, Market, serve_users
from goalscope.incentives.value_learners import CrossEntropyBandit, QLearning
from goalscope.population import agent_keys
from goalscope.procedure import Findings, Report

FLIPPED = 0.5
VALUE, BONUS = 1.0, 0.5
NONE = {"loop": "none"}
RATES = {
    "learning_rate": 0.1,
    "temperature": 1.0,
    "loyalty_rate": 0.1,
    "interest_rate": 0.05,
    "forgetting": 0.005,
}
CONCENTRATED = 1.0
"""Nats; a little less than if two types of ten made nine visits in ten."""

EARLY = 400
"""Stretches after which concentration is also read."""


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
    share = np.asarray(cooperation(agent_keys(seed, numbers), setting, **counts(shape)))
    flipped = first_above(share, FLIPPED) * shape.steps
    values = [
        np.stack([late(share, until), flipped], axis=-1)
        for until in checkpoints(shape.stretches)
    ]
    return findings("dilemma", np.stack(values, axis=1), shape)


def recommender(
    numbers: Int[np.ndarray, " N"],
    seed: int,
    report: Report,
    *,
    outer: Mapping[str, Any] = NONE,
    rates: Mapping[str, float] = RATES,
    size: Sequence[int] = Size(20, 1000, 10),
) -> Findings:
    """Return how far users of populations of recommenders drift, and who still comes.

    Read are drift, concentration and clicks; concentration after `EARLY` stretches; the
    steps until it passed 1 nat; and the share of the run that was left by then.

    Args:
        numbers: the populations.
        seed: of the experiment.
        report: called when it begins.
        outer: as in `dilemma`, and `selects`: what the loop pays for, one of "drift",
            "concentration", "clicks", or "nothing", by lot.
        rates: fields of `recommender.Market`.
        size: a `Size`.
    """
    shape = Size(*size)
    report({"updates": 0, "of": shape.stretches})
    market = Market(
        outer=_outer(outer),
        selects=_selects(outer.get("selects", "clicks")),
        swap=jnp.array(bool(outer.get("swap", False))),
        **{name: jnp.float32(rate) for name, rate in {**RATES, **rates}.items()},
    )
    found = np.asarray(serve_users(agent_keys(seed, numbers), market, **counts(shape)))
    values = [_of_users(found, until, shape) for until in checkpoints(shape.stretches)]
    return findings("users", np.stack(values, axis=1), shape)


def _of_users(
    found: Float[np.ndarray, "M Z 3"], until: int, size: Size
) -> Float[np.ndarray, "M 6"]:
    concentration = found[..., READINGS.index("concentration")]
    passed = first_above(concentration, CONCENTRATED)
    left = 1 - np.minimum(passed, size.stretches) / size.stretches
    early = late(concentration, min(until, EARLY))
    others = np.stack([early, passed * size.steps, left], axis=-1)
    return np.concatenate([late(found, until), others], axis=-1)


def _selects(name: str) -> Float[Array, " 3"]:
    if name not in (*READINGS, "nothing"):
        known = ", ".join((*READINGS, "nothing"))
        raise ValueError(f"no outer loop selects {name!r}; choose one of {known}")
    return jnp.array([each == name for each in READINGS], jnp.float32)


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
    told = ("loop", "swap", "selects")
    own = {name: value for name, value in fields.items() if name not in told}
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
