"""What many planted agents read, kind by kind, with few compiled programs."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Key, PyTree

from goalscope.agents.base import AbstractAgent, is_memoryless
from goalscope.agents.one_of import as_one_of
from goalscope.calibrating.planting import Half, Specimens, generator, padded, rows
from goalscope.instruments.base import AbstractInstrument, Reading
from goalscope.worlds.base import AbstractWorld

BLOCK = 16
"""Agents measured by one call of a compiled program, with padding."""

Arrays = dict[str, np.ndarray]
Report = Callable[[Mapping[str, Any]], None]


class Root(NamedTuple):
    """Where random numbers come from: half of the zoo, seed, and what for."""

    half: Half
    seed: int
    purpose: str

    def keys(self, name: str, block: int) -> Key[Array, " N"]:
        """Return the keys of a block of agents of one kind."""
        rng = generator(f"{self.purpose} of {name}", self.half, self.seed, block)
        return jax.random.split(jax.random.key(int(rng.integers(2**31))), BLOCK)


def measure_kinds(
    instrument: AbstractInstrument,
    world: AbstractWorld,
    planted: Mapping[str, Specimens],
    root: Root,
    report: Report,
) -> dict[str, Arrays]:
    """Return kind -> the fields of its agents' readings, leading axis `N`."""
    found = {}
    total = sum(len(specimens.features) for specimens in planted.values())
    for group in _groups(instrument, planted):
        for name in group:
            parts = []
            for number, (agents, size) in enumerate(_blocks(group, name)):
                done = sum(len(part["count"]) for part in (*found.values(), *parts))
                report({"updates": done, "of": total})
                reading = measure_each(instrument, root.keys(name, number), agents, world)
                parts.append({n: np.asarray(v)[:size] for n, v in vars(reading).items()})
            found[name] = {n: np.concatenate([part[n] for part in parts]) for n in parts[0]}
    return found


@eqx.filter_jit
def measure_each(
    instrument: AbstractInstrument,
    keys: Key[Array, " N"],
    agents: AbstractAgent,
    world: AbstractWorld,
) -> Reading:
    """Return the reading of every agent, one after the other, leading axis `N`."""
    arrays, structure = eqx.partition(agents, eqx.is_array)

    def one(inputs: tuple[Key[Array, ""], PyTree]) -> Reading:
        return instrument.measure(inputs[0], eqx.combine(inputs[1], structure), world)

    return jax.lax.map(one, (keys, arrays))


def _groups(
    instrument: AbstractInstrument, planted: Mapping[str, Specimens]
) -> Iterator[dict[str, Specimens]]:
    """Yield kinds that can be measured by one compiled program.

    Agents with a memory change how an instrument proceeds, and one that looks inside must
    be given the agent itself: those are alone.
    """
    together = {}
    outside = set(instrument.needs) <= {"behaviour", "world model"}
    for name, specimens in planted.items():
        if outside and is_memoryless(specimens.agents):
            together[name] = specimens
        else:
            yield {name: specimens}
    if together:
        yield together


def _blocks(
    group: Mapping[str, Specimens], name: str
) -> Iterator[tuple[AbstractAgent, int]]:
    """Yield the padded blocks of one kind, of one shape with the rest of its group."""
    others = {other: rows(found, [0]).agents for other, found in group.items()}
    count = len(group[name].features)
    for start in range(0, count, BLOCK):
        numbers = list(range(start, min(start + BLOCK, count)))
        agents = padded(rows(group[name], numbers), BLOCK).agents
        if len(group) > 1:
            agents = as_one_of(name, {**others, name: agents}, BLOCK)
        yield agents, len(numbers)
