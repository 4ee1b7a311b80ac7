"""What commands have in common: options, and groups of them with their help."""

from dataclasses import dataclass
from typing import Annotated

from cyclopts import Parameter

from goalscope.errors import UserError

MAX_SEED = 2**32 - 1
"""JAX drops what is above: larger seeds would repeat smaller ones."""

Json = Annotated[bool, Parameter(name="--json", negative="")]
Quiet = Annotated[bool, Parameter(name=["--quiet", "-q"], negative="")]
Settings = Annotated[tuple[str, ...], Parameter(negative="", consume_multiple=False)]
Workers = Annotated[int | None, Parameter(name="--workers")]


@Parameter(name="*")
@dataclass(frozen=True)
class Asking:
    """How an experiment is asked.

    Parameters
    ----------
    size
        smoke (a minute), standard (the size that counts) or full.
    seed
        Root of all random numbers; the same seed gives the same bytes.
    set
        A setting of the experiment, NAME=VALUE, or NAME=VALUE,VALUE,... for a list.
    """

    size: str = "standard"
    seed: int = 0
    set: Settings = ()


@Parameter(name="*")
@dataclass(frozen=True)
class Watching:
    """Which agent to watch, when in its training, and where.

    Parameters
    ----------
    agent
        The agent's number within its arm.
    arm
        The arm; by default the first.
    checkpoint
        Which of the kept checkpoints, 0 for the untrained agent; by default the last.
    levels
        shifted: the arm's test levels; train: its training levels.
    episodes
        How many levels.
    greedy
        Always take the most probable action.
    """

    agent: int = 0
    arm: str | None = None
    checkpoint: int = -1
    levels: str = "shifted"
    episodes: int = 3
    greedy: Annotated[bool, Parameter(negative="")] = False


@Parameter(name="*")
@dataclass(frozen=True)
class Measuring:
    """Which instrument, with which settings, and where it is pointed.

    Parameters
    ----------
    instrument
        A name from `goalscope list instruments`, GoalKind or goal_kind, the name of an
        instrument of the result itself (then with its settings), or the path of your own
        file, ./mine.py. It is asked about the candidate goals of the result.
    set
        A field of the instrument, NAME=VALUE; for goals their names, separated by commas.
    on
        test: the levels that the result was measured on; train: those of its training.
    checkpoints
        last, or all that are stored.
    """

    instrument: str
    set: Settings = ()
    on: str | None = None
    checkpoints: str = "last"


@Parameter(name="*")
@dataclass(frozen=True)
class Auditing:
    """Which stored agent, in which world, about which goals, and how thoroughly.

    Parameters
    ----------
    arm
        Of a result: the arm; by default the first.
    agent
        Of a result: the agent's number within its arm.
    checkpoint
        Of a result: which of the kept checkpoints, 0 for the untrained agent; by default
        the last.
    levels
        Of a result: shifted, the arm's test levels; train, its training levels.
    world
        Of a policy file: the world to audit it in, instead of the one that the file says;
        also one of your own, "./mine.py:Mine(size=5)".
    goals
        Candidate goals, separated by commas: features of the world.
    num_levels
        How many levels; more say more.
    seed
        Root of all random numbers.
    timeout
        Seconds that a policy file may take to be loaded, and again to answer.
    """

    arm: str | None = None
    agent: int = 0
    checkpoint: int = -1
    levels: str = "shifted"
    world: str | None = None
    goals: str | None = None
    num_levels: int = 160
    seed: int = 0
    timeout: float = 60.0


@Parameter(name="*")
@dataclass(frozen=True)
class Planting:
    """Which agents of known goal a calibration plants.

    Parameters
    ----------
    size
        smoke, standard, or full: what a release rests on.
    half
        test: the half of the zoo that no threshold was tuned on; tuning: the other.
    seed
        Root of all random numbers.
    """

    size: str = "standard"
    half: str = "test"
    seed: int = 0


USUAL_ASKING, USUAL_WATCHING, USUAL_AUDITING = Asking(), Watching(), Auditing()
USUAL_PLANTING = Planting()


def check_seed(seed: int) -> None:
    """Raise `UserError` unless `seed` is one that no other seed repeats."""
    if not 0 <= seed <= MAX_SEED:
        raise UserError(f"--seed {seed}: a seed is 0 or more, and at most {MAX_SEED}")
