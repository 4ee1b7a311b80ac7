"""A laboratory for the goals of trained agents: the public names, nothing else.

A name is imported when it is first used, so that `import goalscope` does not start JAX.
"""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from goalscope.agents.base import AbstractAgent as AbstractAgent
    from goalscope.agents.base import Build as Build
    from goalscope.agents.base import Response as Response
    from goalscope.calibration import Gate as Gate
    from goalscope.claims.base import AbstractClaim as AbstractClaim
    from goalscope.evidence import Evidence as Evidence
    from goalscope.experiment import Arm as Arm
    from goalscope.experiment import Competence as Competence
    from goalscope.experiment import Experiment as Experiment
    from goalscope.experiment import Measurement as Measurement
    from goalscope.experiment import Planted as Planted
    from goalscope.goals import Goal as Goal
    from goalscope.goals import collect as collect
    from goalscope.goals import reach as reach
    from goalscope.instruments.base import AbstractInstrument as AbstractInstrument
    from goalscope.instruments.base import Reading as Reading
    from goalscope.population import Conditions as Conditions
    from goalscope.population import Plan as Plan
    from goalscope.population import build as build
    from goalscope.population import train as train
    from goalscope.result import Result as Result
    from goalscope.training.base import AbstractTrainer as AbstractTrainer
    from goalscope.worlds.base import AbstractSolvableWorld as AbstractSolvableWorld
    from goalscope.worlds.base import AbstractWorld as AbstractWorld

__version__ = "0.1.0"

_HOMES = {
    "goalscope.agents.base": ("AbstractAgent", "Build", "Response"),
    "goalscope.calibration": ("Gate",),
    "goalscope.claims.base": ("AbstractClaim",),
    "goalscope.evidence": ("Evidence",),
    "goalscope.experiment": ("Arm", "Competence", "Experiment", "Measurement", "Planted"),
    "goalscope.goals": ("Goal", "collect", "reach"),
    "goalscope.instruments.base": ("AbstractInstrument", "Reading"),
    "goalscope.population": ("Conditions", "Plan", "build", "train"),
    "goalscope.result": ("Result",),
    "goalscope.training.base": ("AbstractTrainer",),
    "goalscope.worlds.base": ("AbstractSolvableWorld", "AbstractWorld"),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"goalscope has no {name!r}; it has {', '.join(__all__)}")
    return getattr(importlib.import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
