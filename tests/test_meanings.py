"""What settings mean is read from the docstrings of their classes."""

import equinox as eqx

from goalscope.agents.base import Build
from goalscope.agents.planner import Planner
from goalscope.meanings import field_meanings, meanings
from goalscope.worlds.corner import Corner


class AbstractRoom(eqx.Module):
    """A room.

    Fields:
        length, width: its sides, which
            may differ.
        door: where it is left.

    Nothing else: it is empty.
    """

    length: int
    """Shadowed by the list of fields."""
    height: int
    """From the floor."""


class Kitchen(AbstractRoom):
    """A room to cook in.

    Fields:
        door: to the garden.
    """


def test_fields_mean_what_the_class_or_those_above_it_say():
    assert field_meanings(Kitchen) == {
        "length": "its sides, which may differ.",
        "width": "its sides, which may differ.",
        "height": "From the floor.",
        "door": "to the garden.",
    }


def test_worlds_have_a_story_and_built_agents_a_class():
    corner = Corner()
    found = meanings({"arm": corner, "planted": Build(Planner.init, {"feature": "cheese"})})
    assert set(found) == {
        "goalscope.worlds.corner:Corner",
        "goalscope.agents.planner:Planner",
    }
    about = found["goalscope.worlds.corner:Corner"]
    assert about[""].startswith("A mouse is trained with cheese in the corner")
    assert "cut off" in about["horizon"]
    assert "γ" in found["goalscope.agents.planner:Planner"]["discount"]
