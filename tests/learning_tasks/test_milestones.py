"""When growth and accuracy begin, beside definitions read out slowly."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from goalscope.learning_tasks.milestones import best_constant, chance_limit, milestones

NUMBERS = st.lists(
    st.tuples(st.sampled_from([-1.0, 1.0]), st.sampled_from([0.0, 0.1, 0.5, 1.0])),
    min_size=2,
    max_size=8,
)


def slow_rise(accuracy: list[float], limit: float) -> int | None:
    for look in range(len(accuracy)):
        if all(later > limit for later in accuracy[look:]):
            return look
    return None


def slow_crossing(growth: list[float], until: int) -> int | None:
    if growth[until] > 0:
        begun = until
        while begun and growth[begun - 1] > 0:
            begun -= 1
        return begun
    later = [look for look in range(until, len(growth)) if growth[look] > 0]
    return later[0] if later else None


@given(looks=NUMBERS)
def test_milestones_are_those_of_the_definition(looks):
    growth, accuracy = ([float(each[k]) for each in looks] for k in (0, 1))
    times = 10 * np.arange(len(looks))
    found = milestones(
        times, np.array(growth), np.array(accuracy), chance=0.1, num_cases=100
    )
    rise = slow_rise(accuracy, chance_limit(100, 0.1))
    begun = slow_crossing(growth, len(looks) - 1 if rise is None else rise)
    assert found.rise == (np.inf if rise is None else 10 * rise)
    assert found.crossing == (np.inf if begun is None else 10 * begun)
    if rise is None:
        assert np.isnan(found.lead)
        assert found.half == found.learnt == np.inf
    elif begun is None:
        assert found.lead == found.lead_in_run == found.lead_to_half == -1
    else:
        assert found.lead == (found.rise - found.crossing) / max(found.learnt, 1)
        assert found.half <= found.learnt <= times[-1]


def test_a_longer_run_does_not_change_the_lead():
    growth, accuracy = np.ones(5), np.array([0.1, 0.1, 0.6, 1.0, 1.0])
    growth[0] = -1
    same = {"chance": 0.1, "num_cases": 1000}
    short = milestones(np.arange(5) * 10, growth, accuracy, **same)
    longer = [np.append(each, [1.0] * 5) for each in (growth, accuracy)]
    long = milestones(np.arange(10) * 10, *longer, **same)
    assert long.lead == short.lead
    assert long.lead_to_half == short.lead_to_half
    assert long.lead_in_run < short.lead_in_run


@pytest.mark.parametrize(("cases", "chance"), [(100, 0.5), (212, 1 / 23), (3000, 0.25)])
def test_guessing_passes_the_limit_in_one_of_a_hundred_cases(cases, chance):
    limit = round(chance_limit(cases, chance) * cases)
    assert binom.sf(limit, cases, chance) <= 0.01
    assert binom.sf(limit - 1, cases, chance) > 0.01


def test_the_best_constant_knows_only_cases_that_occur():
    labels, occurs = np.array([0, 0, 0, 1, 1]), np.array([1.0, 0.0, 0.0, 1.0, 1.0])
    assert best_constant(labels, occurs) == pytest.approx(2 / 3)
