"""A world is named by text, and no text runs code."""

from pathlib import Path

import pytest

from goalscope.auditing.refusal import RefusedError
from goalscope.auditing.worlds import world_of

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"


def test_a_name_with_settings_is_a_world():
    world = world_of(" Corner(shifted_share=1, size=5, horizon=9) ")
    assert (world.num_states, world.horizon) == (25, 9)
    assert world_of("Keys").num_states > 0


def test_the_auditor_may_name_a_file():
    path = EXAMPLES / "supervised_shortcut.py"
    world = world_of(f"{path}:SupervisedShortcut(watched_share=0.5)", may_be_a_file=True)
    assert type(world).__name__ == "SupervisedShortcut"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Cornr", "Did you mean Corner"),
        ("", "cannot be read"),
        ("Corner(5)", "cannot be read"),
        ("Corner(size=__import__('os').getpid())", "cannot be read"),
        ("Corner(**{'size': 5})", "cannot be read"),
        ("Corner(size=[x for x in [5]])", "cannot be read"),
        ("os.system('true')", "cannot be read"),
        ("(lambda: 1)()", "cannot be read"),
        ("Corner; print()", "cannot be read"),
        ("Corner(" * 300, "cannot be read"),
        ("Corner(size=0)", "size=0"),
        ("Corner(size='big')", "cannot be built"),
        ("Corner(colour=1)", "cannot be built"),
        ("FixedLevels", "cannot be built"),
        ("./mine.py:Corner", "names no other file; use --world"),
    ],
)
def test_other_texts_are_refused(text: str, message: str):
    with pytest.raises(RefusedError, match=message):
        world_of(text)
