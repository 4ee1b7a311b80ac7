"""What many planted agents read, kind by kind, with few compiled programs."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Key, PyTree, UInt32

from goalscope.agents.base import AbstractAgent, is_memoryless
from goalscope.agents.one_of import all_in_one, picked
from goalscope.calibrating.planting import Half, Specimens, generator
from goalscope.instruments.base import AbstractInstrument, Reading
from goalscope.worlds.base import AbstractWorld

BLOCK = 16
"""Agents measured by one call of a compiled program, at most."""

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
    found, done = {}, 0
    total = sum(len(specimens.features) for specimens in planted.values())
    for group in _groups(instrument, planted):
        counts = [len(specimens.features) for specimens in group.values()]
        agents, keys = _together(group), _keys(group, root)
        blocks = []
        width = min(BLOCK, sum(counts))
        for start in range(0, sum(counts), width):
            report({"updates": done + start, "of": total})
            chosen = np.arange(start, start + width) % sum(counts)
            some = jax.random.wrap_key_data(jnp.asarray(keys[chosen]))
            block = measure_each(instrument, some, picked(agents, chosen), world)
            blocks.append({name: np.asarray(value) for name, value in vars(block).items()})
        done += sum(counts)
        arrays = {
            name: np.split(
                np.concatenate([block[name] for block in blocks])[: sum(counts)],
                np.cumsum(counts)[:-1],
            )
            for name in blocks[0]
        }
        for number, kind in enumerate(group):
            found[kind] = {name: parts[number] for name, parts in arrays.items()}
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


def _together(group: Mapping[str, Specimens]) -> AbstractAgent:
    """Return the agents of a group one after the other; of one kind as they are."""
    kinds = {name: specimens.agents for name, specimens in group.items()}
    return all_in_one(kinds) if len(kinds) > 1 else next(iter(kinds.values()))


def _keys(group: Mapping[str, Specimens], root: Root) -> UInt32[np.ndarray, "N W"]:
    """Return the data of every agent's key, whichever agents are measured beside it."""
    parts = []
    for name, specimens in group.items():
        count = len(specimens.features)
        blocks = [root.keys(name, block) for block in range(-(-count // BLOCK))]
        data = np.concatenate([np.asarray(jax.random.key_data(keys)) for keys in blocks])
        parts.append(data[:count])
    return np.concatenate(parts)
