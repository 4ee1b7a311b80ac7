"""Whether a probe reads what is represented, or learns what it is asked."""

import jax
from jaxtyping import Array, Float, Int, Key


def control_labels(
    key: Key[Array, ""], types: Int[Array, " N"], *, num_types: int, num_classes: int
) -> Int[Array, " N"]:
    """Return labels of a control task: one class at random for every *type* of input.

    Inputs of one type share their label, so the task can be learnt by heart and not
    otherwise (Hewitt & Liang 2019, section 2). Consumes `key`.

    >>> from jax import numpy as jnp
    >>> labels = control_labels(
    ...     jax.random.key(0), jnp.array([2, 0, 2]), num_types=3, num_classes=9
    ... )
    >>> bool(labels[0] == labels[2])
    True
    """
    return jax.random.randint(key, (num_types,), 0, num_classes)[types]


def selectivity(
    accuracy: Float[Array, "*b"], control_accuracy: Float[Array, "*b"]
) -> Float[Array, "*b"]:
    """Return accuracy on the task beyond that on its control task.

    >>> from jax import numpy as jnp
    >>> float(selectivity(jnp.float32(0.75), jnp.float32(0.5)))
    0.25
    """
    return accuracy - control_accuracy
