"""An agent's task and network: which cases it is taught, which are held out."""

from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Bool, Float, Int, PyTree

from goalscope.learning_tasks.growth import Cases
from goalscope.learning_tasks.networks import (
    AbstractNetwork,
    new_pair_network,
    new_sign_network,
)
from goalscope.learning_tasks.pairs import PairTask, addition, ruleless, stepping
from goalscope.learning_tasks.parity import draw

MAX_SIGNS = 30
"""Places of an input of signs; those that a task does not use are 0."""

Example = tuple[AbstractNetwork, Cases]


def example(
    random: np.random.Generator, task: Mapping[str, Any], network: Mapping[str, Any]
) -> Example:
    """Return an untrained network and the cases of its task.

    Args:
        random: the agent's own.
        task: `kind` (addition, ruleless, stepping or parity) and the options of that kind.
        network: `width`, and for pairs `activation` and `scale`.

    Raises:
        ValueError: for another kind.
    """
    kinds = {"addition": _add, "ruleless": _table, "stepping": _step, "parity": _sign}
    options = {name: value for name, value in task.items() if name != "kind"}
    if task["kind"] not in kinds:
        raise ValueError(f"no task {task['kind']!r}; choose one of {', '.join(kinds)}")
    return kinds[task["kind"]](random, dict(network), **options)


def stacked(examples: Sequence[PyTree]) -> PyTree:
    """Return several alike as one, with a leading axis `N`."""
    return jax.tree.map(lambda *leaves: jnp.stack(leaves), *examples)


def _add(
    random: np.random.Generator, network: dict[str, Any], *, modulus: int, share: float
) -> Example:
    return _pairs(random, network, addition(modulus, random), share)


def _table(
    random: np.random.Generator, network: dict[str, Any], *, modulus: int, share: float
) -> Example:
    return _pairs(random, network, ruleless(modulus, random), share)


def _step(
    random: np.random.Generator,
    network: dict[str, Any],
    *,
    side: int,
    wrapped: bool,
    share: float,
) -> Example:
    return _pairs(random, network, stepping(side, random, wrapped=wrapped), share)


def _pairs(
    random: np.random.Generator, network: dict[str, Any], task: PairTask, share: float
) -> Example:
    untrained = new_pair_network(
        random,
        num_tokens=len(task.labels),
        num_answers=task.num_answers,
        **network,
    )
    labels, wrong = task.labels.ravel(), task.wrong.ravel()
    nothing = np.zeros((1, 1), np.float32)
    return untrained, _cases(random, nothing, labels, wrong, task.valid.ravel(), share)


def _sign(
    random: np.random.Generator,
    network: dict[str, Any],
    *,
    bias: bool = False,
    share: float = 0.25,
    **options: Any,
) -> Example:
    bits = draw(random, **{"count": 4096, "share_up": 0.5, **options})
    count, length = bits.signs.shape
    inputs = np.zeros((count, MAX_SIGNS + 1), np.float32)
    inputs[:, :length], inputs[:, -1] = bits.signs, float(bias)
    labels, wrong = ((side < 0).astype(int) for side in (bits.answer, bits.wrong))
    untrained = new_sign_network(random, length=length, padded=MAX_SIGNS + 1, **network)
    return untrained, _cases(random, inputs, labels, wrong, np.ones(count, bool), share)


def _cases(
    random: np.random.Generator,
    inputs: Float[np.ndarray, "M I"],
    labels: Int[np.ndarray, " N"],
    wrong: Int[np.ndarray, " N"],
    valid: Bool[np.ndarray, " N"],
    share: float,
) -> Cases:
    """Return cases of which a share is taught; shuffled answers are drawn as well."""
    occur = random.permutation(np.flatnonzero(valid))
    num_taught = round(share * len(occur))
    if not 0 < num_taught < len(occur):
        raise ValueError(
            f"share is {share}: {num_taught} of {len(occur)} cases are taught; teach some "
            "and hold some out"
        )
    train, held = np.zeros((2, len(labels)), np.float32)
    train[occur[:num_taught]], held[occur[num_taught:]] = 1.0, 1.0
    mixed = labels.copy()
    mixed[occur] = labels[random.permutation(occur)]
    return Cases(
        inputs=jnp.asarray(inputs),
        labels=jnp.asarray(labels, jnp.int32),
        wrong=jnp.asarray(wrong, jnp.int32),
        taught=jnp.asarray(labels, jnp.int32),
        shuffled=jnp.asarray(mixed, jnp.int32),
        train=jnp.asarray(train),
        held=jnp.asarray(held),
    )
