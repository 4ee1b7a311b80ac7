"""A worker that takes too long, dies or errs costs one agent its verdict and no other."""

import os
import signal

import pytest

from goalscope.auditing.measurer import Measurer
from goalscope.auditing.refusal import RefusedError

CORNER = {
    "world": "Corner(size=3, horizon=8)",
    "may_be_a_file": False,
    "goals": None,
    "seed": 0,
    "num_levels": 8,
}


def test_a_refusal_leaves_the_worker_at_work():
    with Measurer({}, seconds=120.0) as measurer:
        first = measurer.number
        with pytest.raises(RefusedError, match="there is no world 'Mars'"):
            measurer.ask("questions", {**CORNER, "world": "Mars"})
        with pytest.raises(RefusedError, match="no such feature"):
            measurer.ask("questions", {**CORNER, "goals": ["glory"]})
        with pytest.raises(RefusedError, match="measuring it failed: KeyError"):
            measurer.ask("questions", {})
        answer = measurer.ask("questions", CORNER)
        assert answer["actions"] == ["up", "left", "down", "right"]
        assert measurer.number == first


def test_a_worker_that_dies_is_replaced():
    with Measurer({}, seconds=120.0) as measurer:
        number = measurer.number
        assert number is not None
        os.kill(number, signal.SIGKILL)
        with pytest.raises(RefusedError, match="the process that measures was killed"):
            measurer.ask("questions", CORNER)
        assert measurer.ask("questions", CORNER)["levels"]["shape"]
        assert measurer.number != number


def test_a_worker_that_takes_too_long_is_stopped():
    with Measurer({}, seconds=0.2) as measurer:
        with pytest.raises(RefusedError, match=r"more than 0\.2 s, so it was stopped"):
            measurer.ask("questions", {**CORNER, "world": "Corner(size=32)"})
        assert measurer.number is None
