"""What the worker process does for an audit: levels to ask about, then the findings.

Requests and answers are plain JSON. An agent or a world that cannot be audited is an
answer, `{"refused": why}`, and no error: other agents wait behind it.
"""

import functools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jax
import msgspec

from goalscope.agents.base import AbstractAgent
from goalscope.auditing.arrays import pack, unpack
from goalscope.auditing.finding import findings
from goalscope.auditing.refusal import RefusedError
from goalscope.auditing.stage import Stage, filled, goals_named, questions_of, table_agent
from goalscope.auditing.worlds import world_of
from goalscope.errors import UserError
from goalscope.experiment import Arm
from goalscope.laboratory import experiment_of
from goalscope.remeasuring.instrument import candidates_of
from goalscope.replay import load_agent
from goalscope.storage.store import open_folder
from goalscope.world_check import check_worlds
from goalscope.worlds.base import AbstractSolvableWorld

Request = Mapping[str, Any]


def _answering(
    function: Callable[[Request], dict[str, Any]],
) -> Callable[[Request], dict[str, Any]]:
    """Return a task that tells a refusal instead of raising it."""

    @functools.wraps(function)
    def task(request: Request) -> dict[str, Any]:
        try:
            return function(request)
        except (RefusedError, UserError) as error:
            return {"refused": str(error)}

    return task


@_answering
def questions(request: Request) -> dict[str, Any]:
    """Return what a policy is to be asked: every state that it can come to."""
    stage = _stage_of(request)
    check_worlds({request["world"]: stage.world})
    asked = questions_of(stage, stage.draws())
    return {
        "views": pack(asked.views),
        "levels": pack(asked.levels),
        "states": pack(asked.states),
        "tokens": pack(asked.tokens),
        "actions": list(asked.actions),
    }


@_answering
def audit_table(request: Request) -> dict[str, Any]:
    """Return the findings about a policy, given its answers."""
    stage = _stage_of(request)
    sheet = stage.draws()
    log_policy = filled(sheet, questions_of(stage, sheet), unpack(request["chances"]))
    agent = table_agent(sheet, log_policy)
    return _told(stage, agent, request["world"])


@_answering
def audit_checkpoint(request: Request) -> dict[str, Any]:
    """Return the findings about a stored agent, among its experiment's candidates."""
    experiment = experiment_of(request["asked"])
    folder = open_folder(Path(request["folder"]))
    arm = experiment.arms[request["arm"]]
    if not isinstance(arm, Arm):
        raise RefusedError(f"{arm.title} was computed: no agent of it is stored")
    agent = load_agent(folder, request["arm"], arm, request["agent"], request["checkpoint"])
    world = arm.test_world if request["levels"] == "shifted" else arm.train_world
    if not isinstance(world, AbstractSolvableWorld):
        raise RefusedError(f"{type(world).__name__} does not number its states")
    names = request["goals"]
    goals = goals_named(world, tuple(names)) if names else candidates_of(experiment)
    stage = Stage(world, goals, jax.random.key(request["seed"]), request["num_levels"])
    which = "test" if request["levels"] == "shifted" else "training"
    where = f"{type(world).__name__}, {which} levels of {request['arm']}"
    return _told(stage, agent, where)


def _told(stage: Stage, agent: AbstractAgent, where: str) -> dict[str, Any]:
    """Return the findings about an agent, if its world is in order."""
    looked_at = check_worlds({where: stage.world})
    found = findings(stage, agent, where)
    return msgspec.to_builtins(msgspec.structs.replace(found, world_check=looked_at))


def _stage_of(request: Request) -> Stage:
    names = tuple(request["goals"]) if request["goals"] else None
    return _stage(
        request["world"],
        request["may_be_a_file"],
        names,
        request["seed"],
        request["num_levels"],
    )


@functools.lru_cache(maxsize=8)
def _stage(
    world: str,
    may_be_a_file: bool,
    names: tuple[str, ...] | None,
    seed: int,
    num_levels: int,
) -> Stage:
    built = world_of(world, may_be_a_file=may_be_a_file)
    goals = goals_named(built, names)
    try:
        return Stage(built, goals, jax.random.key(seed), num_levels)
    except ValueError as error:
        raise RefusedError(str(error)) from error
