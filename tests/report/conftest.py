"""One small result and its report, rendered once."""

import pytest
from tests.report import synthetic
from tests.report.html_reading import Element, read

from goalscope.report.page import render_report
from goalscope.result import Result

SMALL = (
    ("α = 0", 0.0, "exact"),
    ("α = 0.1", 0.1, "exact"),
    ("α = 1", 1.0, "exact"),
    ("PPO, α = 0", 0.0, "ppo"),
    ("PPO, α = 1", 1.0, "ppo"),
    ("control", None, "control"),
)


@pytest.fixture(scope="session")
def small() -> Result:
    return synthetic.result(
        SMALL,
        num_agents={name: 1 if name == "control" else 9 for name, _, _ in SMALL},
        num_checkpoints=5,
        fates={"α = 0.1": "spoiled", "PPO, α = 0": "excluded"},
    )


@pytest.fixture(scope="session")
def html(small: Result) -> str:
    return render_report(small)


@pytest.fixture(scope="session")
def page(html: str) -> Element:
    return read(html)
