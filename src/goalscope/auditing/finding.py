"""What is found about one agent: its readings, and what they leave open."""

import dataclasses
import math

import equinox as eqx
import jax
import numpy as np

from goalscope.agents.base import AbstractAgent, is_memoryless
from goalscope.agents.compiled import compile_agent
from goalscope.auditing.evidence import NULLS, Weighed, bits, read, weighed
from goalscope.auditing.planting import calibrated
from goalscope.auditing.record import Candidate, Check, Checked, Findings, Null, Picture
from goalscope.auditing.settling import Way, picture, settling_levels
from goalscope.auditing.stage import DRAWS, Stage, alike, grouped
from goalscope.auditing.verdict import CONVICTS, NONE
from goalscope.instruments.base import Reading
from goalscope.instruments.levels import Sheet
from goalscope.labels import clears

TELLING = 3
MEANINGS = {
    "decisions": "at least 48 decisions count",
    "separated": "the first decisions alone would tell any two candidates apart",
    "reachable": "every candidate can be reached on at least 8 levels",
}
"""Checks that are shown; that of the score about other goals is not about this agent."""


def findings(stage: Stage, agent: AbstractAgent, world: str) -> Findings:
    """Return what an audit finds about an agent.

    Agents without memory are turned into tables first, so that one compiled program serves
    all of them; others are measured by what they do in episodes.
    """
    sheet, key = stage.sheet(), stage.round_key(0)
    if is_memoryless(agent):
        agent = compile_agent(agent, stage.world, stage.draws().levels)
    groups = grouped(alike(sheet, stage.goals, num_steps=stage.world.horizon))
    each = [
        read(stage.posterior, stage.round_key(number), agent, stage.world)
        for number in range(DRAWS)
    ]
    posterior, merged = _pooled(each), each
    if len(groups) < len(stage.goals):
        merged = [
            read(stage.merged(groups), stage.round_key(number), agent, stage.world)
            for number in range(DRAWS)
        ]
    score = read(stage.score, key, agent, stage.world)
    why = weighed(stage.posterior, key, agent, stage.world)
    candidates = _candidates(stage, posterior, score, why)
    named = _named(stage, _pooled(merged), groups)
    settling, advice = _open(stage, posterior, groups, named)
    count = len(stage.goals)
    none = [float(np.asarray(each)[count]) for each in _three(posterior)]
    return Findings(
        world=world,
        levels=stage.num_levels,
        decisions=int(posterior.count),
        candidates=candidates,
        groups=[[stage.goals[index].name for index in group] for group in groups],
        none=none[0],
        none_lower=none[1],
        none_upper=none[2],
        draws=[_named(stage, one, groups) for one in merged],
        group_lowers=np.asarray(_pooled(merged).lower, float)[: len(groups)].tolist(),
        bits=float(posterior.value[count + 1]),
        gain=float(posterior.value[count + 2]),
        nulls=_nulls(why),
        checks=_checks(stage, posterior, score),
        calibration=Checked(**dataclasses.asdict(calibrated(stage, groups))),
        pictures=_telling(stage, sheet, why, groups),
        settling=settling,
        advice=advice,
    )


def _pooled(each: list[Reading]) -> Reading:
    """Return the mean of readings of one agent; a check must pass in all of them."""
    both = jax.tree.map(lambda *leaves: np.mean(leaves, axis=0), *each)
    checks = np.all([one.checks for one in each], axis=0)
    return eqx.tree_at(lambda reading: reading.checks, both, checks)


def _named(stage: Stage, posterior: Reading, groups: list[list[int]]) -> str:
    """Return the goal, or the goals that no level tells apart, that a reading names.

    It has one candidate for each group.
    """
    value, lower = np.asarray(posterior.value), np.asarray(posterior.lower)
    for number, group in enumerate(groups):
        if clears(value[number], lower[number], CONVICTS):
            return " or ".join(stage.goals[index].name for index in group)
    return ""


def _three(reading: Reading) -> tuple:
    return reading.value, reading.lower, reading.upper


def _candidates(
    stage: Stage, posterior: Reading, score: Reading, why: Weighed
) -> list[Candidate]:
    value, lower, upper = (np.asarray(each, float) for each in _three(posterior))
    behind = bits(_best(why) - np.asarray(why.goals))
    earned, chance = np.asarray(score.value, float), np.asarray(score.control, float)
    return [
        Candidate(
            name=goal.name,
            posterior=float(value[i]),
            lower=float(lower[i]),
            upper=float(upper[i]),
            behind=float(behind[i]),
            score=_known(earned[i]),
            chance=_known(chance[i]),
        )
        for i, goal in enumerate(stage.goals)
    ]


def _best(why: Weighed) -> float:
    """Return the log-likelihood of the best explanation, a goal or not."""
    return max(float(np.max(why.goals)), float(np.max(why.nulls)))


def _known(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _nulls(why: Weighed) -> list[Null]:
    behind = bits(_best(why) - np.asarray(why.nulls))
    return [Null(name=n, behind=float(b)) for n, b in zip(NULLS, behind, strict=True)]


def _checks(stage: Stage, posterior: Reading, score: Reading) -> list[Check]:
    names = [*stage.posterior.check_names, *stage.score.check_names[:1]]
    passed = [*np.asarray(posterior.checks), *np.asarray(score.checks)[:1]]
    return [
        Check(name=name, passed=bool(each), meaning=MEANINGS[name])
        for name, each in zip(names, passed, strict=True)
    ]


def _open(
    stage: Stage, posterior: Reading, groups: list[list[int]], named: str
) -> tuple[list[Picture], str]:
    """Return levels that would tell rivals apart, and what would settle the question."""
    value = np.asarray(posterior.value, float)
    shares = [value[group].sum() for group in groups]
    order = np.argsort(shares)[::-1]
    best, none = groups[order[0]], value[len(stage.goals)]
    if len(best) == 1 and named:
        return [], ""
    if len(best) > 1 and none < NONE:
        rivals = [(best[0], other) for other in best[1:]]
    elif len(groups) > 1 and none < NONE and shares[order[1]] > none:
        rivals = [(best[0], groups[order[1]][0])]
    else:
        return [], "More levels would say more: --num-levels."
    return _settled(stage, rivals)


def _settled(stage: Stage, rivals: list[tuple[int, int]]) -> tuple[list[Picture], str]:
    """Return levels for the first two rivals that any level tells apart, and advice."""
    for one, other in rivals:
        names = f"{stage.goals[one].name} from {stage.goals[other].name}"
        if found := settling_levels(stage, (one, other)):
            return found, f"Levels like these would tell {names}."
    others = " or ".join(stage.goals[other].name for _, other in rivals)
    return [], (
        f"No level of this world tells {stage.goals[rivals[0][0]].name} from {others}: "
        "audit it where some do, with other settings of the world (--world), or a stored "
        "agent on its other levels (--levels)."
    )


def _telling(
    stage: Stage, sheet: Sheet, why: Weighed, groups: list[list[int]]
) -> list[Picture]:
    """Return the episodes that speak most for the best candidates, and what was done."""
    by_level, without = np.asarray(why.by_level), np.asarray(why.without)
    best = max(groups, key=lambda group: float(np.asarray(why.goals)[group].max()))
    others = [i for i in range(len(stage.goals)) if i not in best]
    rivals = np.column_stack([without, by_level[:, others]]).max(axis=1)
    gain = bits(by_level[:, best].max(axis=1) - rivals)
    found = []
    for number in np.argsort(-gain, kind="stable")[:TELLING].tolist():
        title = f"{gain[number]:+.1f} bits"
        found.append(picture(stage.world, sheet, number, title, [_way(sheet, why, number)]))
    return found


def _way(sheet: Sheet, why: Weighed, number: int) -> Way:
    """Return an episode up to the last decision that counts, and the state after it."""
    counted = np.flatnonzero(np.asarray(why.counted[number]))
    last = int(counted[-1]) if len(counted) else 0
    states = np.asarray(why.states[number])[: last + 1]
    actions = np.asarray(why.actions[number])[: last + 1]
    after = int(np.asarray(sheet.tables.successors[number])[states[-1], actions[-1]])
    return Way("the agent", np.append(states, after), actions)
