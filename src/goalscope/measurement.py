"""The instruments of an experiment put to a block of agents, along their training."""

import hashlib
from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Key, PyTree

from goalscope.agents.base import AbstractAgent
from goalscope.experiment import Arm, Experiment
from goalscope.instruments.base import AbstractInstrument, Reading
from goalscope.worlds.base import AbstractWorld


def measure_all(
    experiment: Experiment,
    keys: Key[Array, " N"],
    agents: AbstractAgent,
    test_world: AbstractWorld,
    arm: Arm | None,
) -> dict[str, np.ndarray]:
    """Return all readings of a block of agents, "instrument/field" -> `[N, C, ...]`.

    `agents` have the leading axes `N` and `C`, agents and checkpoints.
    """
    found = {}
    for name, measurement in experiment.instruments.items():
        if measurement.on == "train" and arm is None:
            continue  # planted agents were never trained
        world = arm.train_world if measurement.on == "train" and arm else test_world
        own = jax.vmap(jax.random.fold_in, (0, None))(keys, _stable(name))
        reading = measure(measurement.instrument, own, agents, world, experiment.plan.chunk)
        fields = vars(reading)
        found |= {f"{name}/{field}": np.asarray(value) for field, value in fields.items()}
    return found


@eqx.filter_jit
def measure(
    instrument: AbstractInstrument,
    keys: Key[Array, " N"],
    agents: AbstractAgent,
    world: AbstractWorld,
    chunk: int,
) -> Reading:
    """Return an instrument's reading of every agent and checkpoint, axes `N` and `C`.

    All checkpoints of an agent are measured side by side on the same levels, so that what
    concerns levels only is computed once.
    """
    arrays, structure = eqx.partition(agents, eqx.is_array)

    def one(inputs: tuple[Key[Array, ""], PyTree]) -> Reading:
        def at(checkpoint: PyTree) -> Reading:
            return instrument.measure(inputs[0], eqx.combine(checkpoint, structure), world)

        return jax.vmap(at)(inputs[1])

    return jax.lax.map(one, (keys, arrays), batch_size=chunk)


def along_training(checkpoints: Sequence[AbstractAgent]) -> AbstractAgent:
    """Return agents of several checkpoints, leading axis `N`, with axes `N` and `C`."""

    def join(*leaves: Any) -> Any:
        return jnp.stack(leaves, axis=1) if eqx.is_array(leaves[0]) else leaves[0]

    return jax.tree.map(join, *checkpoints)


def words_about(experiment: Experiment) -> dict[str, Any]:
    """Return what a reader must know of the instruments to read their numbers."""
    words: dict[str, Any] = {
        name: {
            "class": type(measurement.instrument).__name__,
            "levels": getattr(measurement.instrument, "num_levels", None),
            "unit": measurement.instrument.unit,
            "readings": list(measurement.instrument.readings),
            "candidates": list(measurement.instrument.candidates),
            "check_names": list(measurement.instrument.check_names),
            "on": measurement.on,
        }
        for name, measurement in experiment.instruments.items()
    }
    for name, readout in experiment.readouts.items():
        words[name] = {
            "unit": readout.unit,
            "readings": list(readout.readings),
            "candidates": [],
            "check_names": list(readout.check_names),
            "on": "test",
        }
    return words


def _stable(name: str) -> int:
    """Return a number that stays the same for a name in every process."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "little") >> 1
