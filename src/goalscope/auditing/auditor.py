"""One agent audited, from its file to its findings. No JAX."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from goalscope.auditing.arrays import pack, unpack
from goalscope.auditing.measurer import Measurer
from goalscope.auditing.policies import PolicyProcess
from goalscope.auditing.record import Audit, as_findings
from goalscope.auditing.refusal import RefusedError
from goalscope.auditing.tabulating import Questions, tabulate_policy

Settings = Mapping[str, Any]
"""world and goals (None to take the file's), num_levels, seed, timeout."""


def audit_policy(path: Path, settings: Settings, measurer: Measurer) -> Audit:
    """Return the audit of a policy file; whatever is wrong with it is its verdict."""
    return _timed(str(path), lambda: _policy(path, settings, measurer))


def audit_checkpoint(subject: str, request: Settings, measurer: Measurer) -> Audit:
    """Return the audit of a stored agent."""
    return _timed(subject, lambda: measurer.ask("audit_checkpoint", request))


def _timed(subject: str, work: Callable[[], Mapping[str, Any]]) -> Audit:
    begun = time.monotonic()
    try:
        found, refused = as_findings(work()), ""
    except RefusedError as error:
        found, refused = None, str(error)
    seconds = time.monotonic() - begun
    return Audit(subject=subject, found=found, refused=refused, seconds=seconds)


def _policy(path: Path, settings: Settings, measurer: Measurer) -> Mapping[str, Any]:
    with PolicyProcess(path, seconds=settings["timeout"]) as process:
        offer = process.load()
        world = settings["world"] or offer.world
        if world is None:
            raise RefusedError(
                'it says no world; add a line like world = "Corner(shifted_share=1)", or '
                "give --world"
            )
        request = {
            "world": world,
            "may_be_a_file": settings["world"] is not None,
            "goals": settings["goals"] or offer.goals,
            "num_levels": settings["num_levels"],
            "seed": settings["seed"],
        }
        questions = _questions(measurer.ask("questions", request))
        chances = tabulate_policy(process, offer, questions)
    return measurer.ask("audit_table", {**request, "chances": pack(chances)})


def _questions(answer: Mapping[str, Any]) -> Questions:
    return Questions(
        views=unpack(answer["views"]),
        levels=unpack(answer["levels"]),
        states=unpack(answer["states"]),
        tokens=unpack(answer["tokens"]),
        actions=tuple(answer["actions"]),
    )
