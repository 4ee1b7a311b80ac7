"""How often the same agent is given the same goal: `python -m benchmarks.verdicts`.

Takes the agents of `goalscope demo`, or of another finished result of `corner_mixture`, and
reads the goal posterior of every agent on many draws of levels; then of planted agents.
Prints who was convicted of what, and in how many draws.

    $ python -m benchmarks.verdicts results/demo --draws 20
"""

import argparse
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import jax
import numpy as np

from goalscope.cells import PLANTED_OFFSET, planted_agents
from goalscope.experiment import Arm, Experiment
from goalscope.instruments.base import AbstractInstrument
from goalscope.labels import clears
from goalscope.laboratory import experiment_of
from goalscope.measurement import along_training, measure
from goalscope.population import agent_keys
from goalscope.replay import load_block
from goalscope.storage.again import asked_again
from goalscope.storage.folder import Folder
from goalscope.storage.store import open_folder

FIRST_DRAW = 10_000_000
"""Draws are keyed by agent numbers that no run uses."""


def main() -> None:
    """Print a table of convictions."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.verdicts")
    parser.add_argument("result", type=Path, nargs="?", default=Path("results/demo"))
    parser.add_argument("--draws", type=int, default=20)
    options = parser.parse_args()
    folder = open_folder(options.result)
    experiment = experiment_of(asked_again(folder.study))
    instrument = experiment.instruments["goal_posterior"].instrument
    torn = 0
    print(
        "| agents | draws | " + " | ".join(instrument.candidates) + " | none | undecided |"
    )
    print("|---|---" + "|---" * (len(instrument.candidates) + 2) + "|")
    for title, named in chain(
        trained(experiment, folder, instrument, options.draws),
        planted(experiment, instrument, options.draws),
    ):
        each, count = named.sum(axis=(0, 1)), named.shape[0] * named.shape[1]
        row = " | ".join(map(str, [*each, count - each.sum()]))
        print(f"| {title} | {count} | {row} |", flush=True)
        torn += int((named[..., :-1].any(axis=0).sum(axis=-1) > 1).sum())
    print(f"\nAgents that draws of levels gave two different goals: {torn}")


def trained(
    experiment: Experiment, folder: Folder, instrument: AbstractInstrument, draws: int
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the title of each arm, and who is convicted of what, `[D, N, G+1]`."""
    for plan in folder.study.cells:
        arm = experiment.arms.get(plan.arm)
        if isinstance(arm, Arm):
            agents = along_training([load_block(folder, plan, arm).at(-1)])
            count, world = len(plan.agents), arm.test_world
            found = [convictions(instrument, agents, world, count, d) for d in range(draws)]
            yield arm.title, np.stack(found)


def planted(
    experiment: Experiment, instrument: AbstractInstrument, draws: int
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield every planted kind, and who of it is convicted of what, `[D, N, G+1]`."""
    for kind in experiment.planted:
        numbers = np.arange(8)
        found = [
            convictions(
                instrument,
                along_training([planted_agents(experiment, kind, draw, numbers)]),
                experiment.planted_world,
                len(numbers),
                draw + PLANTED_OFFSET,
            )
            for draw in range(draws)
        ]
        yield kind, np.stack(found)


def convictions(instrument, agents, world, count: int, draw: int) -> np.ndarray:
    """Return who is convicted of each candidate, and of none, on one draw, `[N, G+1]`."""
    keys = agent_keys(FIRST_DRAW + draw, np.arange(count))
    reading = jax.device_get(measure(instrument, keys, agents, world, 8))
    which = slice(0, len(instrument.candidates) + 1)
    value, lower = reading.value[:, 0, which], reading.lower[:, 0, which]
    return clears(np.asarray(value), np.asarray(lower), instrument.convicts)


if __name__ == "__main__":
    main()
