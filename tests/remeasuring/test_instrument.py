"""An instrument is built from text as from Python, or refused with the remedy."""

import numpy as np
import pytest
from jaxtyping import Array, Float

from goalscope.errors import UserError
from goalscope.goals import Goal, reach
from goalscope.instruments.base import AbstractInstrument
from goalscope.instruments.first_choice import FirstChoice
from goalscope.instruments.goal_posterior import GoalPosterior
from goalscope.remeasuring.instrument import as_given, construct
from goalscope.remeasuring.reference import resolve_instrument, snake_case
from goalscope.worlds.base import AbstractWorld
from goalscope.worlds.corner import Corner

GOALS = {name: reach(Corner(), name) for name in Corner().feature_names}
GIVEN = {"goals": (GOALS["cheese"], GOALS["corner"])}


class About(AbstractInstrument):
    """An instrument that needs more than candidates; it measures nothing."""

    goal: Goal
    margin: Float[Array, "..."] | None = None
    where: AbstractWorld | None = None


def test_candidates_are_given_unless_they_are_named():
    assert construct(FirstChoice, GOALS, {}, GIVEN).candidates == ("cheese", "corner")
    chosen = construct(FirstChoice, GOALS, {"goals": "square, far_corner"}, GIVEN)
    assert chosen.candidates == ("square", "far_corner")


def test_fields_are_numbers_flags_and_lists():
    texts = {"greedy": "true", "num_levels": "7"}
    choice = construct(FirstChoice, GOALS, texts, GIVEN)
    assert bool(choice.greedy)
    assert choice.num_levels == 7
    texts = {"inverse_temperatures": "1,2.5, 1e2", "discount": "0.5"}
    posterior = construct(GoalPosterior, GOALS, texts, GIVEN)
    assert np.allclose(posterior.inverse_temperatures, [1, 2.5, 100])
    assert float(posterior.discount) == 0.5


def test_a_stored_instrument_keeps_its_other_fields():
    stored = FirstChoice(GIVEN["goals"], greedy=True, num_levels=9)
    changed = construct(FirstChoice, GOALS, {"num_levels": "8"}, {}, based_on=stored)
    assert bool(changed.greedy)
    assert changed.num_levels == 8
    assert as_given(changed)["goals"] == "cheese, corner"


@pytest.mark.parametrize(
    ("kind", "texts", "message"),
    [
        (FirstChoice, {"gredy": "true"}, "Did you mean greedy"),
        (FirstChoice, {"num_levels": "many"}, "expected one int"),
        (FirstChoice, {"greedy": "maybe"}, "expected a number"),
        (FirstChoice, {"goals": "cheese"}, "at least 2 candidates"),
        (FirstChoice, {"goals": "cheese,corn"}, "Did you mean corner"),
        (GoalPosterior, {"discount": "2"}, "must lie in"),
        (About, {}, r"also needs goal \(a goal: cheese, corner.*--set goal="),
        (About, {"goal": "chese"}, "Did you mean cheese"),
        (About, {"goal": "cheese", "where": "Corner"}, "a file of your own"),
    ],
)
def test_what_cannot_be_built_is_refused(kind: type, texts: dict, message: str):
    with pytest.raises(UserError, match=message):
        construct(kind, GOALS, texts, GIVEN)


@pytest.mark.parametrize(
    ("name", "expected"), [("GoalScore", "goal_score"), ("GRU", "g_r_u"), ("x", "x")]
)
def test_names_in_snake_case(name: str, expected: str):
    assert snake_case(name) == expected


def test_a_misspelt_instrument_is_answered_with_those_of_the_result_too():
    with pytest.raises(UserError, match=r"There are: .* This result has: score, guards"):
        resolve_instrument("scor", ("score", "guards"))
