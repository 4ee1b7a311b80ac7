"""One stored agent brought back, and what it does in some levels."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Key

from goalscope.agents.base import AbstractAgent
from goalscope.agents.planted import Greedy
from goalscope.cells import parameters, path_name
from goalscope.errors import UserError
from goalscope.experiment import Arm
from goalscope.laboratory import experiment_of
from goalscope.population import build
from goalscope.rollout import rollout
from goalscope.storage.again import command_here
from goalscope.storage.folder import Folder
from goalscope.storage.store import open_folder
from goalscope.storage.study import CellPlan
from goalscope.worlds.base import AbstractSolvableWorld
from goalscope.worlds.drawn import drawing

NOT_DRAWN = "what happens in it cannot be drawn; see worlds.drawn.DrawnWorld"


def replay(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return episodes of a stored agent: the level as text, the places visited, the end."""
    experiment, folder = (
        experiment_of(request["asked"]),
        open_folder(Path(request["folder"])),
    )
    arm = experiment.arms[request["arm"]]
    if not isinstance(arm, Arm):
        raise UserError(f"{arm.title} was computed, not trained in a world to be drawn")
    agent = load_agent(folder, request["arm"], arm, request["agent"], request["checkpoint"])
    world = arm.test_world if request["levels"] == "shifted" else arm.train_world
    if not isinstance(world, AbstractSolvableWorld):
        raise UserError(f"{type(world).__name__} does not number its states: {NOT_DRAWN}")
    chosen = Greedy(agent) if request["greedy"] else agent
    key = jax.random.key(request["asked"]["seed"])
    episodes = [
        _episode(jax.random.fold_in(key, number), chosen, world)
        for number in range(request["episodes"])
    ]
    title = f"{arm.title}, agent {request['agent']}, checkpoint {request['checkpoint']}"
    return {"title": f"{title}, {request['levels']} levels", "episodes": episodes}


def load_agent(
    folder: Folder, name: str, arm: Arm, number: int, checkpoint: int
) -> AbstractAgent:
    """Return one agent of an arm as it was at a checkpoint.

    Raises:
        UserError: no such agent or checkpoint, or arrays that do not fit the arm's agents.
    """
    plans = [plan for plan in folder.study.cells if plan.arm == name]
    found = [plan for plan in plans if number in plan.agents]
    if not found:
        last = max(agent for plan in plans for agent in plan.agents)
        raise UserError(f"--agent {number}: the agents of {name} are 0 to {last}")
    block = load_block(folder, found[0], arm)
    checkpoints = block.checkpoints
    if not -checkpoints <= checkpoint < checkpoints:
        raise UserError(f"--checkpoint {checkpoint}: there are 0 to {checkpoints - 1}")
    return block.at(checkpoint, found[0].agents.index(number))


@dataclass(frozen=True)
class Block:
    """The agents of a cell, as they are stored.

    Fields:
        template: an agent of their kind, with a leading axis of 1 on every array.
        stored: path in the agent -> array, `[N, C, ...]`.
    """

    template: AbstractAgent
    stored: Mapping[str, np.ndarray]

    @property
    def checkpoints(self) -> int:
        """How many checkpoints of each agent there are."""
        return next(iter(self.stored.values())).shape[1]

    def at(
        self, checkpoint: int | slice = slice(None), agent: int | slice = slice(None)
    ) -> AbstractAgent:
        """Return agents at checkpoints; slices leave leading axes `N` and `C`."""

        def restore(path: tuple, leaf: Any) -> Any:
            if not eqx.is_array(leaf):
                return leaf
            return jnp.asarray(self.stored[path_name(path)][agent, checkpoint])

        return jax.tree_util.tree_map_with_path(restore, self.template)


def load_block(folder: Folder, plan: CellPlan, arm: Arm) -> Block:
    """Return the stored agents of a cell.

    Raises:
        UserError: the arrays are damaged, or do not fit the arm's agents.
    """
    try:
        stored = folder.load(plan.key, "agents")
    except UserError as error:
        remedy = f"To compute it again: {command_here(folder)}"
        raise UserError(f"{error}. {remedy}", error.exit_code) from error
    first = np.array(plan.agents[:1])
    template = build(folder.study.seed, first, arm.agent, arm.train_world)
    expected = {path: leaf.shape[1:] for path, leaf in parameters(template).items()}
    if {path: leaf.shape[2:] for path, leaf in stored.items()} != expected:
        raise UserError(f"cell {plan.key} holds other arrays than the arm's agents have", 3)
    return Block(template, stored)


def _episode(
    key: Key[Array, ""], agent: AbstractAgent, world: AbstractSolvableWorld
) -> dict[str, Any]:
    k_level, k_act = jax.random.split(key)
    level = world.sample_level(k_level)
    drawn = drawing(world, level)
    if drawn is None:
        raise UserError(f"{type(world).__name__} has no method `draw`: {NOT_DRAWN}")
    trajectory = rollout(k_act, agent, world, level)
    valid = np.asarray(trajectory.happened)
    last = jax.tree.map(lambda leaf: leaf[valid.sum() - 1], trajectory)
    end = world.step(k_act, level, last.states, last.actions)
    number_of = jax.vmap(lambda state: world.index_of(level, state))
    met = np.asarray(number_of(trajectory.states))[valid]
    places = drawn.places[[*met, int(world.index_of(level, end))]]
    happened = np.asarray(trajectory.features)[valid]
    moments = [
        f"{feature} at step {int(np.argmax(column > 0)) + 1}"
        for feature, column in zip(world.feature_names, happened.T, strict=True)
        if np.any(column > 0)
    ]
    return {
        "text": drawn.text,
        "places": [place for place in places.tolist() if min(place) >= 0],
        "end": f"{int(valid.sum())} steps: " + (", ".join(moments) or "nothing happened"),
    }
