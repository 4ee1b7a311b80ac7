"""How an experiment is asked."""

import types

import pytest

from goalscope.errors import UserError
from goalscope.settings import load_module, resolve


def trial(
    *, agents: int = 24, shares: tuple[float, ...] = (0.0, 1.0), name: str = "a"
) -> None:
    """Stand in for an experiment."""


def module() -> types.ModuleType:
    made = types.ModuleType("package.trial")
    made.__dict__.update(trial=trial, SIZES={"smoke": {"agents": 2}, "standard": {}})
    return made


def test_a_size_overrides_the_defaults_and_the_user_overrides_the_size():
    assert resolve(module(), "standard", {}).settings["agents"] == 24
    assert resolve(module(), "smoke", {}).settings["agents"] == 2
    assert resolve(module(), "smoke", {"agents": "5"}).settings["agents"] == 5


def test_lists_are_written_with_commas():
    settings = resolve(module(), "smoke", {"shares": "0, 0.1,1", "name": "b,c"}).settings
    assert settings["shares"] == (0.0, 0.1, 1.0)
    assert settings["name"] == "b,c"
    assert resolve(module(), "smoke", {"shares": ""}).settings["shares"] == ()


@pytest.mark.parametrize(
    ("size", "overrides", "expected"),
    [
        ("smok", {}, "Did you mean smoke"),
        ("smoke", {"agent": "3"}, "Did you mean agents"),
        ("smoke", {"agents": "3.5"}, "agents='3.5': expected one int"),
        ("smoke", {"agents": "many"}, "expected one int"),
        ("smoke", {"agents": "1e999"}, "expected one int"),
        ("smoke", {"shares": "0,,1"}, "expected floats, separated by commas"),
        ("smoke", {"shares": "0;1"}, "expected floats, separated by commas"),
    ],
)
def test_what_does_not_exist_is_refused_with_the_remedy(size, overrides, expected):
    with pytest.raises(UserError, match=expected):
        resolve(module(), size, overrides)


def test_a_module_without_its_function_is_refused():
    with pytest.raises(UserError, match="defines no function 'empty'"):
        resolve(types.ModuleType("empty"), "smoke", {})


def test_a_file_that_fails_to_import_is_one_message(tmp_path):
    path = tmp_path / "broken.py"
    path.write_text("import no_such_module_anywhere\n")
    with pytest.raises(
        UserError, match=r"broken\.py cannot be imported: ModuleNotFoundError"
    ):
        load_module("broken", str(path))
