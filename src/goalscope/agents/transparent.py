"""Agents whose activations can be seen, and edited, at named sites."""

from abc import abstractmethod
from collections.abc import Callable, Mapping

import equinox as eqx
from jaxtyping import Array, Float, Int

from goalscope.agents.base import AbstractAgent, Context, Memory, Response
from goalscope.goals import Goal

Edits = Mapping[str, Callable[[Array], Array]]
"""Of each site to be edited, the new activations as a function of the old ones."""

Activations = dict[str, Array]
"""Of each site, what the network went on with, edits included: one vector each."""


class AbstractTransparentAgent(AbstractAgent[Context, Memory]):
    """An agent that computes in the open: a patch is an argument of a function."""

    @property
    @abstractmethod
    def sites(self) -> tuple[str, ...]:
        """Names of the places where activations can be read and edited, inputs first."""

    @abstractmethod
    def forward(
        self,
        view: Float[Array, "..."],
        tokens: Int[Array, " K"],
        memory: Memory,
        edits: Edits,
    ) -> tuple[Response[Memory], Activations]:
        """Return the response to a whole observation, and the activations at all sites.

        Without edits the response is that of `embed` and `__call__`. Activations are those
        after editing.
        """


class AbstractGoalConditionedAgent(AbstractTransparentAgent[Context, Memory]):
    """A transparent agent that can be told which goal to have.

    What it is told is written into a slot. A slot may be read by nothing.
    """

    slots: eqx.AbstractVar[tuple[str, ...]]
    """Names of its slots."""

    @abstractmethod
    def told(
        self, goal: Goal, slot: str = "goal"
    ) -> "AbstractGoalConditionedAgent[Context, Memory]":
        """Return the agent with `goal` in a slot."""


def edited(edits: Edits, activations: Activations, site: str, values: Array) -> Array:
    """Return `values` as edited at `site`, and record them in `activations`.

    >>> from jax import numpy as jnp
    >>> seen = {}
    >>> new = edited({"middle": lambda h: -h}, seen, "middle", jnp.array([2.0]))
    >>> new.tolist(), seen["middle"].tolist()
    ([-2.0], [-2.0])
    """
    values = edits[site](values) if site in edits else values
    activations[site] = values
    return values


def check_edits(edits: Edits, sites: tuple[str, ...]) -> None:
    """Raise `ValueError` unless every edit is at one of `sites`."""
    unknown = sorted(set(edits) - set(sites))
    if unknown:
        raise ValueError(f"no site {', '.join(unknown)}; this agent has {', '.join(sites)}")
