"""Worlds of users that are broken: refused before anything is computed, and told how."""

import jax
import pytest
from tests.worlds import broken_garden
from tests.worlds.broken_garden import (
    RARE,
    Counting,
    Listed,
    Raising,
    RarelyUndefined,
    Slipping,
    Unclipped,
    Undefined,
    Unnumbered,
)

from goalscope.auditing.tasks import questions
from goalscope.errors import UserError
from goalscope.laboratory import plan
from goalscope.testing import check_world
from goalscope.world_check import check_worlds
from goalscope.worlds.corner import Corner
from supervised_shortcut import SupervisedShortcut

FILE = str(broken_garden.__file__)
BROKEN = {
    Slipping: "not the same with another key.*let `step` leave its key alone",
    Unclipped: "'wait' in state 0 leads to number -1, .* 0 to 5; clip the state",
    Counting: "the number of what follows 'wait' in state 0 leaves something of it out",
    Undefined: "features is not finite: trampled; look in `features`",
    Raising: r"AttributeError: .*wind.*broken_garden.py, line \d+, in step: return state",
    Listed: "not the same when it is written out twice",
    Unnumbered: "features is not finite: trampled; look in `features`",
}


@pytest.mark.parametrize("kind", BROKEN, ids=lambda kind: kind.__name__)
def test_a_broken_world_is_refused_with_the_remedy(kind):
    with pytest.raises(UserError, match=BROKEN[kind]) as refused:
        check_worlds({"where I train": kind()})
    assert str(refused.value).startswith(f"{kind.__name__} (where I train) ")
    assert "\n" not in str(refused.value)
    assert refused.value.exit_code == 2


def test_what_is_rare_takes_more_levels_to_find():
    world = RarelyUndefined(watched_share=RARE)
    assert "of 32 levels" in check_worlds({"where I train": world})
    with pytest.raises(UserError, match="features is not finite: trampled"):
        check_worlds({"where I train": world}, times=32)


@pytest.mark.parametrize("kind", [Counting, Listed], ids=lambda kind: kind.__name__)
def test_the_full_check_finds_what_the_quick_one_finds(kind):
    with pytest.raises(AssertionError, match=BROKEN[kind]):
        check_world(kind(), key=jax.random.key(0))


def test_every_distinct_world_is_looked_at_once():
    garden = SupervisedShortcut(watched_share=0.5)
    worlds = {
        "one": garden,
        "two": SupervisedShortcut(),
        "again": garden,
        "maze": Corner(size=3),
    }
    assert check_worlds(worlds) == (
        "SupervisedShortcut, every action in all 6 states of 32 levels (2 settings of it); "
        "Corner, every action in all 9 states of 32 levels"
    )
    assert check_worlds({}) == ""


def asked(fault: str) -> dict:
    return {
        "name": "broken_garden", "module": None, "path": FILE,
        "size": "standard", "seed": 0, "overrides": {"fault": fault},
    }  # fmt: skip


def test_a_run_is_not_planned_in_a_broken_world():
    with pytest.raises(UserError, match=r"Undefined \(training world of half watched\) is"):
        plan({"asked": asked("Undefined")})


def test_a_plan_says_what_was_looked_at():
    assert plan({"asked": asked("clumsy")})["world_check"].endswith("(3 settings of it)")


def test_an_error_in_an_experiment_names_the_line_of_the_file():
    told = r"fails: KeyError: 'never watched' \(.*broken_garden.py, line \d+, in .*: return"
    with pytest.raises(UserError, match=told):
        plan({"asked": asked("experiment")})


def test_no_policy_is_asked_about_a_broken_world():
    request = {"goals": None, "num_levels": 8, "seed": 0, "may_be_a_file": True}
    answer = questions({**request, "world": f"{FILE}:Unclipped"})
    assert "leads to number -1" in answer["refused"]
