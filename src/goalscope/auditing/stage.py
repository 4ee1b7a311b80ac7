"""Where agents are audited: a world, candidate goals, and the levels of one audit."""

from dataclasses import dataclass

import equinox as eqx
import jax
import numpy as np
from jax import numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from goalscope.agents.compiled import CompiledTable
from goalscope.auditing.refusal import RefusedError
from goalscope.auditing.tabulating import Questions
from goalscope.goals import Goal, reach, stack
from goalscope.instruments.goal_posterior import GoalPosterior
from goalscope.instruments.goal_score import GoalScore
from goalscope.instruments.levels import Sheet, draw_levels
from goalscope.level_design import TOLERANCE, disagreement
from goalscope.suggestions import suggest
from goalscope.worlds.base import AbstractSolvableWorld
from goalscope.zoo.candidates import candidates

DRAWS = 4
"""How many draws of levels an agent is read on, and planted agents beside it."""
SMALLEST = 1e-9
"""Least probability in a table, so that logarithms are finite."""


@dataclass(frozen=True)
class Stage:
    """What all agents of one audit have in common.

    Fields:
        world: where they act.
        goals: the candidates.
        key: decides the levels; instruments draw them from its first part, as here.
        num_levels: how many.
        discount: with which candidates are planned for.
    """

    world: AbstractSolvableWorld
    goals: tuple[Goal, ...]
    key: Key[Array, ""]
    num_levels: int
    discount: float = 0.9

    @property
    def posterior(self) -> GoalPosterior:
        """The instrument that names the goal."""
        return GoalPosterior(self.goals, discount=self.discount, num_levels=self.num_levels)

    def merged(self, groups: list[list[int]]) -> GoalPosterior:
        """The same instrument, with the first goal of each group standing for all of it."""
        goals = tuple(self.goals[group[0]] for group in groups)
        return GoalPosterior(goals, discount=self.discount, num_levels=self.num_levels)

    @property
    def score(self) -> GoalScore:
        """The instrument that reads competence."""
        return GoalScore(self.goals, num_levels=self.num_levels)

    def sheet(self, number: int = 0) -> Sheet:
        """Return the levels of a round; round 0 is that of the audited agent."""
        return _draw(
            jax.random.split(self.round_key(number))[0], self.world, self.num_levels
        )

    def draws(self) -> Sheet:
        """Return the levels of all draws that an agent is read on, one after the other."""
        sheets = [self.sheet(number) for number in range(DRAWS)]
        return jax.tree.map(lambda *leaves: jnp.concatenate(leaves), *sheets)

    def round_key(self, number: int) -> Key[Array, ""]:
        """Return the key that instruments are given in a round."""
        return jax.random.fold_in(self.key, number)


@eqx.filter_jit
def _draw(key: Key[Array, ""], world: AbstractSolvableWorld, num_levels: int) -> Sheet:
    return draw_levels(key, world, num_levels=num_levels)


def goals_named(
    world: AbstractSolvableWorld, names: tuple[str, ...] | None
) -> tuple[Goal, ...]:
    """Return the goals of reaching features of a world, by default its usual candidates.

    Raises:
        RefusedError: the world has no such feature, or one is named twice.
    """
    chosen = names or candidates(world) or world.feature_names
    for name in chosen:
        if name not in world.feature_names:
            kind = type(world).__name__
            raise RefusedError(
                f"goal {name!r}: {kind} has no such feature. "
                f"{suggest(name, world.feature_names)}"
            )
    if len(set(chosen)) < len(chosen):
        raise RefusedError(f"goals {', '.join(chosen)}: each at most once")
    return tuple(reach(world, name) for name in chosen)


def questions_of(stage: Stage, sheet: Sheet) -> Questions:
    """Return every state that an agent can be in and has a choice in, level by level."""
    tables = jax.tree.map(np.asarray, sheet.tables)
    levels, states = np.nonzero(reachable(sheet))
    return Questions(
        views=np.asarray(tables.view, np.float32),
        levels=levels.astype(np.int64),
        states=states.astype(np.int64),
        tokens=tables.tokens[levels, states].astype(np.int64),
        actions=stage.world.action_names,
    )


def reachable(sheet: Sheet) -> Bool[np.ndarray, "L S"]:
    """Return which states are not terminal and can be reached from some start.

    Levels that look alike have these states in common: what is known of one is known of
    the other.
    """
    successors, terminal, start = (
        np.asarray(leaf)
        for leaf in (sheet.tables.successors, sheet.tables.terminal, sheet.tables.start)
    )
    found, grown = np.zeros_like(terminal), (start > 0) & ~terminal
    level = np.arange(len(found))[:, None, None]
    while (grown != found).any():
        found = grown
        grown = found.copy()
        rows, states = np.nonzero(found)
        grown[level[rows, 0], successors[rows, states]] = True
        grown &= ~terminal
    views = np.asarray(sheet.tables.view).reshape(len(found), -1)
    _, alike = np.unique(views, axis=0, return_inverse=True)
    merged = np.zeros_like(found)
    np.logical_or.at(merged, alike.ravel(), found)
    return merged[alike.ravel()]


def table_agent(
    sheet: Sheet, log_policy: Float[np.ndarray, "*b L S A"] | Float[Array, "*b L S A"]
) -> CompiledTable:
    """Return the agent that acts by a table on the levels of a sheet."""
    tables = sheet.tables
    values = np.zeros(tables.terminal.shape, np.float32)
    return CompiledTable(tables.view, tables.tokens, log_policy, values)


def filled(
    sheet: Sheet, questions: Questions, chances: Float[np.ndarray, "M A"]
) -> Float[np.ndarray, "L S A"]:
    """Return the log-probabilities of all states; uniform where nobody can be."""
    shape = (*sheet.tables.terminal.shape, len(questions.actions))
    policy = np.full(shape, 1 / len(questions.actions))
    policy[questions.levels, questions.states] = chances
    return np.log(np.maximum(policy, SMALLEST)).astype(np.float32)


def alike(
    sheet: Sheet, goals: tuple[Goal, ...], *, num_steps: int
) -> Bool[np.ndarray, "G G"]:
    """Return which goals ask for the same actions on all levels, up to `TOLERANCE`."""
    return np.asarray(_disagreement(sheet, stack(goals), num_steps)) <= TOLERANCE


@eqx.filter_jit
def _disagreement(sheet: Sheet, goals: Goal, num_steps: int) -> Float[Array, "G G"]:
    return disagreement(sheet.tables, goals, num_steps=num_steps)


def grouped(same: Bool[np.ndarray, "G G"]) -> list[list[int]]:
    """Return numbers in groups: what is alike, or alike to something alike, is together.

    >>> grouped(np.array([[1, 0, 1], [0, 1, 0], [1, 0, 1]], bool))
    [[0, 2], [1]]
    """
    label = np.arange(len(same))
    for i, j in zip(*np.nonzero(same), strict=True):
        label[label == label[j]] = label[i]
    ordered: Int[np.ndarray, " G"] = label
    return [np.flatnonzero(ordered == each).tolist() for each in dict.fromkeys(label)]
