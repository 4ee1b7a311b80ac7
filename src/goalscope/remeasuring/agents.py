"""Stored and planted agents as an instrument is given them, and whether it can be."""

import equinox as eqx
import jax
import numpy as np

from goalscope.agents.base import AbstractAgent
from goalscope.cells import PLANTED_OFFSET, planted_agents
from goalscope.errors import UserError
from goalscope.instruments.base import AbstractInstrument
from goalscope.population import build
from goalscope.remeasuring.measured import Measured
from goalscope.replay import Block, load_block
from goalscope.storage.study import CellPlan
from goalscope.worlds.base import AbstractWorld

CANNOT = (TypeError, ValueError, AttributeError, NotImplementedError, KeyError, IndexError)
"""What an instrument raises when an agent or a world lacks what it needs."""


def agents_at(block: Block, checkpoint: int, *, along_training: bool) -> AbstractAgent:
    """Return stored agents at a checkpoint, or at all with axes `N` and `C`."""
    return block.at() if along_training else block.at(checkpoint)


def planted(measured: Measured, plan: CellPlan) -> AbstractAgent:
    """Return the planted agents of a cell.

    Behaviour is read of agents behind one shape, so that one compiled program serves all
    kinds; an instrument that looks inside is given the agents themselves.
    """
    experiment, numbers = measured.experiment, np.array(plan.agents)
    if _is_behavioural(measured.measurement.instrument):
        return planted_agents(experiment, plan.arm, measured.seed, numbers)
    make = experiment.planted[plan.arm].agent
    return build(measured.seed, numbers + PLANTED_OFFSET, make, measured.planted_world)


def require_measurable(measured: Measured) -> None:
    """Trace the instrument once on the agents of every arm, so that it is refused early.

    Raises:
        UserError: it cannot measure them; the message says what is missing.
    """
    seen = set()
    for plan in measured.source.study.cells:
        if plan.kind != "arm" or plan.arm in seen:
            continue
        seen.add(plan.arm)
        arm = measured.arm(plan.arm)
        block = load_block(measured.source, plan, arm)
        agents = agents_at(block, -1, along_training=measured.along_training)
        reason = _refusal(measured, agents, measured.world(arm))
        if reason:
            instrument = measured.measurement.instrument
            raise UserError(
                f"{type(instrument).__name__} (needs {', '.join(instrument.needs)}) cannot "
                f"measure the agents of {plan.arm}: {reason}"
            )


def measurable_plants(measured: Measured) -> tuple[list[CellPlan], dict[str, str]]:
    """Return the planted cells that can be measured, and why other kinds cannot."""
    plans = [plan for plan in measured.source.study.cells if plan.kind == "planted"]
    if measured.measurement.on == "train" or measured.along_training:
        lack = "checkpoints" if measured.along_training else "training levels"
        reason = f"planted agents were never trained: they have no {lack}"
        return [], {plan.arm: reason for plan in plans}
    if _is_behavioural(measured.measurement.instrument):
        return plans, {}
    reasons = {
        plan.arm: _refusal(measured, planted(measured, plan), measured.planted_world)
        for plan in plans
    }
    left_out = {kind: reason for kind, reason in reasons.items() if reason}
    return [plan for plan in plans if plan.arm not in left_out], left_out


def _refusal(measured: Measured, agents: AbstractAgent, world: AbstractWorld) -> str:
    """Return why the instrument cannot measure such agents, "" if it can."""
    one = jax.tree.map(lambda leaf: leaf[0] if eqx.is_array(leaf) else leaf, agents)
    key = jax.random.key(0)
    try:
        eqx.filter_eval_shape(measured.measurement.instrument.measure, key, one, world)
    except CANNOT as error:
        return (str(error).splitlines() or [type(error).__name__])[0]
    return ""


def _is_behavioural(instrument: AbstractInstrument) -> bool:
    """Return whether the instrument looks at nothing but what an agent does."""
    return set(instrument.needs) <= {"behaviour", "world model"}
