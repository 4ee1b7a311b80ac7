"""What a procedure returns must be what its readouts announce."""

import numpy as np
import pytest

from goalscope.procedure import Findings, check_findings, measured

SIZES = {"kit": (2, 1)}


def found(readings=2, checks=1, agents=3, name="kit") -> Findings:
    values = np.zeros((agents, 4, readings))
    held = np.ones((agents, 4, checks), bool)
    return Findings((0, 1, 2, 3), {name: measured(values, checks=held)})


def test_what_is_announced_is_taken():
    check_findings(found(), 3, SIZES)
    check_findings(Findings((0,), {}), 3, SIZES)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"readings": 1}, r"kit: readings of shape \(3, 4, 1\); it must be \(3, 4, 2\)"),
        ({"agents": 2}, r"kit: readings of shape \(2, 4, 2\); it must be \(3, 4, 2\)"),
        ({"checks": 0}, r"kit: checks of shape \(3, 4, 0\); it must be \(3, 4, 1\)"),
        ({"name": "kti"}, "readings of 'kti'; the experiment's readouts are kit"),
    ],
)
def test_anything_else_is_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        check_findings(found(**wrong), 3, SIZES)


def test_checkpoints_are_those_that_are_named():
    with pytest.raises(ValueError, match=r"it must be \(3, 2, 2\): agents, checkpoints"):
        check_findings(found()._replace(updates=(0, 1)), 3, SIZES)
