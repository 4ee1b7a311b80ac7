"""A computation that yields readings of agents by itself, not by training in a world."""

import hashlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from goalscope.agents.base import plain
from goalscope.source import source_digest

Report = Callable[[Mapping[str, Any]], None]


@dataclass(frozen=True)
class Measured:
    """Readings of agents at checkpoints.

    Fields:
        value, lower, upper, control, ceiling: `[N, C, R]`, see `instruments.base.Reading`.
        checks: `[N, C, K]`.
        count: decisions behind the numbers, `[N, C]`.
    """

    value: Float[np.ndarray, "N C R"]
    lower: Float[np.ndarray, "N C R"]
    upper: Float[np.ndarray, "N C R"]
    control: Float[np.ndarray, "N C R"]
    ceiling: Float[np.ndarray, "N C R"]
    checks: Bool[np.ndarray, "N C K"]
    count: Int[np.ndarray, "N C"]


class Findings(NamedTuple):
    """What a procedure returns.

    Fields:
        updates: training updates at each checkpoint, `C` of them; (0,) if nothing trains.
        readings: name of a readout -> readings of the agents that were asked for.
        curves: metrics along training, name -> `[N, C]`.
        parameters: what a second look at the agents needs, name -> `[N, C, ...]`.
    """

    updates: tuple[int, ...]
    readings: Mapping[str, Measured]
    curves: Mapping[str, Float[np.ndarray, "N C"]] = {}
    parameters: Mapping[str, np.ndarray] = {}


def check_findings(
    found: Findings, num_agents: int, sizes: Mapping[str, tuple[int, int]]
) -> None:
    """Raise unless readings have the shapes that their readouts announce.

    Args:
        found: what a procedure returned.
        num_agents: how many agents it was asked for.
        sizes: name of a readout -> how many readings and checks it has.

    Raises:
        ValueError: it names the readout, the shape and what it must be.
    """
    for name, fields in found.readings.items():
        if name not in sizes:
            known = ", ".join(sorted(sizes))
            raise ValueError(f"readings of {name!r}; the experiment's readouts are {known}")
        at = num_agents, len(found.updates)
        for kind, given, count in zip(
            ("readings", "checks"), (fields.value, fields.checks), sizes[name], strict=True
        ):
            if given.shape != (*at, count):
                raise ValueError(
                    f"{name}: {kind} of shape {given.shape}; it must be {(*at, count)}: "
                    f"agents, checkpoints, and {kind} of the readout"
                )


def measured(
    value: Float[np.ndarray, "N C R"],
    *,
    checks: Bool[np.ndarray, "N C K"] | None = None,
    interval: tuple[Float[np.ndarray, "N C R"], Float[np.ndarray, "N C R"]] | None = None,
    control: Float[np.ndarray, "N C R"] | None = None,
    ceiling: Float[np.ndarray, "N C R"] | None = None,
    count: int = 1,
) -> Measured:
    """Return readings; what is left out has no interval, control, ceiling or check.

    >>> measured(np.zeros((4, 1, 2))).checks.shape
    (4, 1, 0)
    """
    value = np.asarray(value, np.float32)
    lower, upper = (value, value) if interval is None else interval
    nothing = np.full_like(value, np.nan)
    return Measured(
        value=value,
        lower=np.asarray(lower, np.float32),
        upper=np.asarray(upper, np.float32),
        control=nothing if control is None else np.asarray(control, np.float32),
        ceiling=nothing if ceiling is None else np.asarray(ceiling, np.float32),
        checks=np.zeros((*value.shape[:2], 0), bool) if checks is None else checks,
        count=np.full(value.shape[:2], count, np.int32),
    )


@dataclass(frozen=True)
class Procedure:
    """How readings come about: a function of a module, and its options.

    Fields:
        function: `(numbers, seed, report, **options) -> Findings`, a pure function of all
            but `report`, which it calls now and then with
            `{"updates": ..., "of": ...}`. An agent's findings depend on its number, the
            seed and the options alone, not on which others are asked for beside it.
        options: plain values that differ from the function's defaults.
    """

    function: Callable[..., Findings]
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        allowed = tuple(inspect.signature(self.function).parameters)[3:]
        unknown = sorted(set(self.options) - set(allowed))
        if unknown:
            raise ValueError(
                f"{self.function.__qualname__} has no option {', '.join(unknown)}; "
                f"it has {', '.join(allowed) or 'none'}"
            )
        for name, value in self.options.items():
            plain(name, value)

    def __call__(
        self, numbers: Int[np.ndarray, " N"], seed: int, report: Report
    ) -> Findings:
        return self.function(numbers, seed, report, **self.options)

    def describe(self) -> dict[str, Any]:
        """Return function, checksum of its code, and options, as plain JSON values."""
        module = self.function.__module__
        file = Path(inspect.getfile(self.function))
        return {
            "function": f"{module}:{self.function.__qualname__}",
            "source": source_digest(module)
            if module.startswith("goalscope.")
            else hashlib.sha256(file.read_bytes()).hexdigest(),
            "options": {name: plain(name, value) for name, value in self.options.items()},
        }
