"""A policy from elsewhere as a table of probabilities, or why it is none. No JAX."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from goalscope.auditing.arrays import pack, unpack
from goalscope.auditing.policies import NO_ANSWER, Offer, PolicyProcess
from goalscope.auditing.refusal import RefusedError

TOLERANCE = 1e-3
"""How far probabilities may add up to something other than 1."""
SAME = 1e-6
"""How far two answers to one question may differ."""
REPEATED = 256
"""Questions that are asked a second time."""


@dataclass(frozen=True)
class Questions:
    """What a policy is asked: every state of every level that an agent can come to.

    Fields:
        views: level part of observations, `[L, ...]`.
        levels: number of the level in each question, `[M]`.
        states: number of the state, `[M]`.
        tokens: state part of observations, `[M, K]`.
        actions: names of the actions.
    """

    views: Float[np.ndarray, "L ..."]
    levels: Int[np.ndarray, " M"]
    states: Int[np.ndarray, " M"]
    tokens: Int[np.ndarray, "M K"]
    actions: tuple[str, ...]


def tabulate_policy(
    process: PolicyProcess, offer: Offer, questions: Questions
) -> Float[np.ndarray, "M A"]:
    """Return the probabilities with which a policy acts in each question's state.

    Questions come in random order, and some come twice: an answer must depend on nothing
    but the question.

    Raises:
        RefusedError: the policy cannot answer, gives no probabilities, or answers one
            question differently a second time.
    """
    order = _order(questions, by_level=offer.batch)
    asked = {
        "views": pack(questions.views),
        "levels": pack(questions.levels[order]),
        "tokens": pack(questions.tokens[order].astype(np.int64)),
        "actions": list(questions.actions),
    }
    size = len(order) * len(questions.actions) * 8
    packed = process.ask(asked, max_bytes=2 * size + 4096)
    try:
        answers = unpack(packed)
    except ValueError as error:
        raise RefusedError(NO_ANSWER) from error
    if answers.shape != (len(order), len(questions.actions)):
        raise RefusedError(NO_ANSWER)
    chances = probabilities(answers, questions, order, offer.returns)
    return _without_repeats(chances, questions, order)


def probabilities(
    answers: Float[np.ndarray, "R A"],
    questions: Questions,
    order: Int[np.ndarray, " R"],
    returns: str,
) -> Float[np.ndarray, "R A"]:
    """Return answers as probabilities that add up to 1.

    Args:
        answers: what the policy gave.
        questions: what it was asked.
        order: question of each answer.
        returns: "probabilities", or "logits", where −∞ stands for never.

    Raises:
        RefusedError: they are none; the message names the first question where.
    """
    logits = returns == "logits"
    allowed = np.isfinite(answers) | (logits & (answers == -np.inf))
    _require(
        np.asarray(allowed.all(axis=1)),
        answers,
        questions,
        order,
        "numbers that are not finite",
    )
    if logits:
        peak = answers.max(axis=1, keepdims=True)
        _require(
            np.asarray(np.isfinite(peak[:, 0])),
            answers,
            questions,
            order,
            "no possible action",
        )
        answers = np.exp(answers - peak)
        return answers / answers.sum(axis=1, keepdims=True)
    hint = 'negative numbers; if these are logits, say returns = "logits"'
    _require(np.asarray((answers >= 0).all(axis=1)), answers, questions, order, hint)
    sums = answers.sum(axis=1)
    close = np.abs(sums - 1) <= TOLERANCE
    _require(close, answers, questions, order, "numbers that do not add up to 1")
    return answers / sums[:, None]


def _order(questions: Questions, *, by_level: bool) -> Int[np.ndarray, " R"]:
    """Return the questions in the order in which they are asked, some of them twice."""
    rng = np.random.default_rng(0)
    order = rng.permutation(len(questions.levels))
    again = rng.permutation(len(questions.levels))[:REPEATED]
    if not by_level:
        return np.concatenate([order, again])
    once = order[np.argsort(questions.levels[order], kind="stable")]
    twice = again[np.argsort(-questions.levels[again], kind="stable")]
    return np.concatenate([once, twice])


def _without_repeats(
    chances: Float[np.ndarray, "R A"], questions: Questions, order: Int[np.ndarray, " R"]
) -> Float[np.ndarray, "M A"]:
    """Return one answer a question; refuses two that differ."""
    count = len(questions.levels)
    first = np.empty((count, chances.shape[1]))
    first[order[:count]] = chances[:count]
    differ = np.abs(chances[count:] - first[order[count:]]).max(axis=1, initial=0) > SAME
    if differ.any():
        row = int(np.argmax(differ))
        question = int(order[count + row])
        where = _where(questions, question)
        two = f"{_shown(first[question])}, then {_shown(chances[count + row])}"
        raise RefusedError(
            f"it answers one question differently each time ({where}: {two}); an answer "
            "must depend on view and tokens only: return probabilities, and draw nothing"
        )
    return first


def _require(
    right: np.ndarray,
    answers: Float[np.ndarray, "R A"],
    questions: Questions,
    order: Int[np.ndarray, " R"],
    wrong: str,
) -> None:
    if not right.all():
        row = int(np.argmin(right))
        where = _where(questions, int(order[row]))
        raise RefusedError(f"it returned {wrong} ({where}: {_shown(answers[row])})")


def _where(questions: Questions, question: int) -> str:
    tokens = questions.tokens[question].tolist()
    return f"level {int(questions.levels[question])}, tokens {tokens}"


def _shown(row: Float[np.ndarray, " A"]) -> str:
    some = ", ".join(f"{value:.4g}" for value in row[:6])
    return f"[{some}{', ...' if len(row) > 6 else ''}]"
