"""How far a run is: cells, updates, steps and the time left, from what workers report."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from goalscope.storage.study import CellPlan


@dataclass
class ArmTally:
    """How far the cells of one arm or planted kind are.

    Fields:
        cells, done: how many there are, and are finished.
        agents: in all cells.
        updates, of: of the cell that reported last.
        checkpoint, checkpoints: kept so far and to be kept, of the cell that reported last.
        mean_return: mean training return that was reported last.
    """

    cells: int = 0
    done: int = 0
    agents: int = 0
    updates: int = 0
    of: int = 0
    checkpoint: int = 0
    checkpoints: int = 0
    mean_return: float | None = None


class Tally:
    """Adds up what the workers of a run report.

    Fields:
        arms: arm or planted kind -> how far it is, in the order of the study.
    """

    def __init__(self, plans: Sequence[CellPlan], finished: Sequence[str]) -> None:
        self.arms: dict[str, ArmTally] = defaultdict(ArmTally)
        self._plans = {plan.key: plan for plan in plans}
        self._fractions = dict.fromkeys(finished, 1.0)
        self._kept = len(self._fractions)
        self._agent_updates: dict[str, float] = {}
        self._steps: dict[str, float] = {}
        for plan in plans:
            arm = self.arms[plan.arm]
            arm.cells += 1
            arm.agents += len(plan.agents)
            arm.done += plan.key in self._fractions

    def arm_of(self, key: str) -> str | None:
        """Return the arm of a cell, or None for a task that is no cell."""
        plan = self._plans.get(key)
        return plan.arm if plan else None

    def note(self, key: str, value: Mapping[str, Any]) -> bool:
        """Take a cell's report; return whether it is the first with a training return."""
        arm = self.arms[self._plans[key].arm]
        first = arm.mean_return is None and value.get("return") is not None
        arm.updates, arm.of = value["updates"], value["of"]
        arm.checkpoint = value.get("checkpoint", arm.checkpoint)
        arm.checkpoints = value.get("checkpoints", arm.checkpoints)
        if value.get("return") is not None:
            arm.mean_return = value["return"]
        if value["of"]:
            self._fractions[key] = value["updates"] / value["of"]
        self._agent_updates[key] = value["updates"] * value.get("agents", 0)
        self._steps[key] = value.get("steps", 0)
        return first

    def finish(self, key: str) -> ArmTally:
        """Take that a cell is finished; return its arm."""
        arm = self.arms[self._plans[key].arm]
        arm.done += 1
        self._fractions[key] = 1.0
        return arm

    def seconds_left(self, elapsed: float) -> float | None:
        """Return the time left at the present pace, or None while too little was done."""
        done = sum(self._fractions.values()) - self._kept
        todo = len(self._plans) - self._kept - done
        return elapsed / done * todo if done >= 0.5 else None

    def pace(self, elapsed: float) -> str:
        """Return agent-updates and environment steps per second, in words."""
        updates, steps = sum(self._agent_updates.values()), sum(self._steps.values())
        words = f"{updates / max(elapsed, 1e-9):,.0f} agent-updates/s"
        return words + (f", {steps / max(elapsed, 1e-9):,.0f} steps/s" if steps else "")
