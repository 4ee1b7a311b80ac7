"""The checksum of code: what it follows, and what it leaves alone."""

import pytest

from goalscope import source
from goalscope.source import source_digest


@pytest.fixture
def package(tmp_path, monkeypatch):
    root = tmp_path / "goalscope"
    (root / "cli").mkdir(parents=True)
    texts = {
        "__init__.py": "",
        "trial.py": "from goalscope.solve import value\nfrom goalscope import goals\n",
        "solve.py": "def value():\n    import goalscope.tables\n",
        "tables.py": "import goalscope.trial\n",
        "goals.py": "",
        "cli/app.py": "import goalscope.trial\n",
    }
    for name, text in texts.items():
        (root / name).write_text(text)
    monkeypatch.setattr(source.goalscope, "__file__", str(root / "__init__.py"))
    return root


@pytest.mark.parametrize("name", ["trial.py", "solve.py", "tables.py", "goals.py"])
def test_a_change_in_what_is_imported_changes_the_digest(package, name):
    before = source_digest("goalscope.trial")
    (package / name).write_text((package / name).read_text() + "x = 2\n")
    assert source_digest("goalscope.trial") != before


def test_a_change_in_who_imports_it_does_not(package):
    before = source_digest("goalscope.trial")
    (package / "cli" / "app.py").write_text("x = 2\n")
    assert source_digest("goalscope.trial") == before


def test_a_module_that_is_not_ours_is_refused(package):
    with pytest.raises(ValueError, match=r"goalscope\.absent is no module"):
        source_digest("goalscope.absent")


def test_trials_of_other_instruments_have_other_digests():
    names = ("horizon", "goal_kind", "horizon")
    first, other, again = (source_digest(f"goalscope.trials.{name}") for name in names)
    assert first == again != other
