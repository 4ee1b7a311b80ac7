"""What an agent is: observation and memory in, action preferences and memory out."""

import inspect
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import equinox as eqx
import numpy as np
from jaxtyping import Array, Float, Int, PyTree

from goalscope.worlds.base import AbstractWorld

Context = TypeVar("Context")
Memory = TypeVar("Memory")


class Response(eqx.Module, Generic[Memory]):
    """What an agent answers to one observation.

    Fields:
        logits: unnormalised log-probabilities of the actions, `[A]`.
        value: the agent's estimate of its discounted return from here, in reward units;
            zero for agents that have no estimate.
        memory: what the agent wants to be given with the next observation.
    """

    logits: Float[Array, "*b A"]
    value: Float[Array, "*b"]
    memory: Memory


class AbstractAgent(eqx.Module, Generic[Context, Memory]):
    """A policy with a value estimate and a memory.

    An observation has a level part, constant within an episode, and a state part. An agent
    embeds the level once (`embed`) and is then called with that context at every step.
    """

    @abstractmethod
    def embed(self, view: Float[Array, "..."]) -> Context:
        """Return what the agent makes of the level part of an observation."""

    @abstractmethod
    def initial_memory(self) -> Memory:
        """Return the memory at the start of an episode; `()` for memoryless agents."""

    @abstractmethod
    def __call__(
        self, context: Context, tokens: Int[Array, " K"], memory: Memory
    ) -> Response[Memory]:
        """Return the response to the state part `tokens` of an observation."""


def is_memoryless(agent: AbstractAgent) -> bool:
    """Return whether the agent's behaviour depends on the present observation only."""
    memory: PyTree = agent.initial_memory()
    return isinstance(memory, tuple) and not memory


AgentFactory = Callable[[np.random.Generator, AbstractWorld], AbstractAgent]
"""What makes an untrained agent for a world, on the host."""


@dataclass(frozen=True)
class Build:
    """How to build an untrained agent: an `AgentFactory` that can be written as JSON.

    Fields:
        kind: a class of agents with an `init(rng, world, **options)`, or such a function.
        options: the options of `init` that differ from their defaults.

    >>> from goalscope.agents.mlp import MLP
    >>> Build(MLP, {"widths": (32, 32)}).describe()
    {'kind': 'goalscope.agents.mlp:MLP', 'options': {'widths': [32, 32]}}
    """

    kind: Callable[..., Any]
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self):
        allowed = tuple(inspect.signature(_maker(self.kind)).parameters)[2:]
        unknown = sorted(set(self.options) - set(allowed))
        if unknown:
            raise ValueError(
                f"{self.kind.__qualname__} has no option {', '.join(unknown)}; "
                f"it has {', '.join(allowed) or 'none'}"
            )
        for name, value in self.options.items():
            plain(name, value)

    def __call__(self, rng: np.random.Generator, world: AbstractWorld) -> AbstractAgent:
        return _maker(self.kind)(rng, world, **self.options)

    def describe(self) -> dict[str, Any]:
        """Return the kind as `module:name` and the options, as plain JSON values."""
        options = {name: plain(name, value) for name, value in self.options.items()}
        kind = f"{self.kind.__module__}:{self.kind.__qualname__}"
        return {"kind": kind, "options": options}


def _maker(kind: Callable[..., Any]) -> Callable[..., Any]:
    """Return the function that builds agents of this kind."""
    if not isinstance(kind, type):
        return kind
    init = getattr(kind, "init", None)
    if init is None:
        raise TypeError(f"{kind.__qualname__} has no `init(rng, world, **options)`")
    return init


def plain(name: str, value: Any) -> Any:
    """Return an option's value as JSON would give it back, or raise `TypeError`."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list | tuple):
        return [plain(name, item) for item in value]
    if isinstance(value, Mapping):
        return {str(key): plain(name, item) for key, item in value.items()}
    raise TypeError(
        f"option {name!r} is a {type(value).__name__}; options are numbers, strings, "
        "booleans, None, and sequences or mappings of these"
    )
