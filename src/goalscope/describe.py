"""A record of the laboratory as plain JSON, so that its content can be hashed."""

import dataclasses
from collections.abc import Mapping
from typing import Any

import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import PyTree

from goalscope.agents.base import Build
from goalscope.procedure import Procedure


def describe(value: Any) -> Any:
    """Return `value` as JSON that names its classes and spells out its arrays.

    Two records have the same description exactly if they have the same classes, static
    fields and array values.

    >>> from goalscope.population import Plan
    >>> describe(Plan(chunk=4))
    [4, 1, 100]

    Raises:
        TypeError: something in `value` has no faithful JSON form.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, Build | Procedure):
        return value.describe()
    if isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jax.dtypes.prng_key):
        raise TypeError("a random key cannot be described; describe the seed it comes from")
    if isinstance(value, np.ndarray | np.generic | jax.Array):
        return _array(np.asarray(value))
    if isinstance(value, Mapping):
        return {str(name): describe(item) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return [describe(item) for item in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        kind = f"{type(value).__module__}:{type(value).__qualname__}"
        fields = {
            f.name: describe(getattr(value, f.name)) for f in dataclasses.fields(value)
        }
        return {"class": kind, **fields}
    raise TypeError(
        f"{type(value).__qualname__} cannot be described; use records of arrays"
    )


def form(tree: PyTree) -> str:
    """Return structure, shapes and types of a tree, for comparison and for messages."""
    return str(jax.tree.map(lambda leaf: f"{leaf.dtype}{list(leaf.shape)}", tree))


def _array(array: np.ndarray) -> Any:
    if array.dtype.kind not in "biuf":
        raise TypeError(f"an array of {array.dtype} cannot be described; use numbers")
    if array.ndim == 0:
        return array.item()
    return {"shape": list(array.shape), "values": array.ravel().tolist()}
