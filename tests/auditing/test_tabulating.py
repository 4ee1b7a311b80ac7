"""Answers become probabilities, or a reason why not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from goalscope.auditing.refusal import RefusedError
from goalscope.auditing.tabulating import Questions, probabilities

COUNT, ACTIONS = 6, 4
QUESTIONS = Questions(
    views=np.zeros((2, 1), np.float32),
    levels=np.repeat([0, 1], 3),
    states=np.tile([0, 1, 2], 2),
    tokens=np.arange(COUNT)[:, None],
    actions=("a", "b", "c", "d"),
)
ORDER = np.array([5, 0, 1, 2, 3, 4])
logits = arrays.arrays(float, (COUNT, ACTIONS), elements=st.floats(-50, 50))


@given(logits)
def test_logits_become_the_softmax(given_logits: np.ndarray):
    found = probabilities(given_logits, QUESTIONS, ORDER, "logits")
    expected = np.exp(given_logits) / np.exp(given_logits).sum(axis=1, keepdims=True)
    assert np.allclose(found, expected)


@given(logits)
def test_probabilities_stay_what_they_are(given_logits: np.ndarray):
    chances = np.exp(given_logits)
    chances /= chances.sum(axis=1, keepdims=True)
    found = probabilities(chances * (1 + 5e-4), QUESTIONS, ORDER, "probabilities")
    assert np.allclose(found, chances)


def test_an_impossible_action_is_minus_infinity():
    rows = np.full((COUNT, ACTIONS), -np.inf)
    rows[:, 2] = 800.0
    found = probabilities(rows, QUESTIONS, ORDER, "logits")
    assert np.array_equal(found, np.eye(ACTIONS)[[2] * COUNT])


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        ([np.nan, 1, 0, 0], "not finite"),
        ([-0.1, 1.1, 0, 0], "negative"),
        ([0, 0, 0, 0], "add up"),
        ([0.5, 0.4, 0, 0], "add up"),
    ],
)
def test_the_first_wrong_answer_is_named(row: list[float], wrong: str):
    answers = np.full((COUNT, ACTIONS), 0.25)
    answers[2] = row
    with pytest.raises(RefusedError, match=rf"{wrong}.*level 0, tokens \[1\]"):
        probabilities(answers, QUESTIONS, ORDER, "probabilities")
