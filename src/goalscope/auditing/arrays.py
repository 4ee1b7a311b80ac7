"""Arrays inside of messages: their bytes as text, beside type and shape. No JAX."""

import base64
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

ALLOWED = ("float32", "float64", "int32", "int64", "bool")


def pack(array: np.ndarray) -> dict[str, Any]:
    """Return an array as plain JSON values; `unpack` gives back the same bits."""
    if array.dtype.name not in ALLOWED:
        raise TypeError(f"an array of {array.dtype}; pack one of {', '.join(ALLOWED)}")
    data = base64.b64encode(np.ascontiguousarray(array).tobytes()).decode()
    return {"dtype": array.dtype.name, "shape": list(array.shape), "data": data}


def unpack(packed: Mapping[str, Any]) -> np.ndarray:
    """Return the array of a message.

    Raises:
        ValueError: the message holds no array.

    >>> unpack(pack(np.array([[1.5, np.nan]])))
    array([[1.5, nan]])
    """
    try:
        name, shape = packed["dtype"], tuple(packed["shape"])
        data = base64.b64decode(packed["data"], validate=True)
        whole = all(isinstance(size, int) and size >= 0 for size in shape)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError("the message holds no array") from error
    if name not in ALLOWED or not whole:
        raise ValueError(f"an array of {str(name)[:40]} and shape {str(shape)[:40]}")
    if len(data) != math.prod(shape) * np.dtype(name).itemsize:
        raise ValueError(f"{len(data)} bytes are no array of {name} and shape {shape}")
    return np.frombuffer(data, np.dtype(name)).reshape(shape).copy()
