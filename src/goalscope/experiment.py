"""An experiment as a record: arms, instruments, planted agents, claims."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from goalscope.agents.base import Build
from goalscope.calibration import Gate
from goalscope.claims.base import AbstractClaim
from goalscope.goals import Goal
from goalscope.instruments.base import AbstractInstrument
from goalscope.plots import AbstractPlot
from goalscope.population import DEFAULT, Plan, log_spaced
from goalscope.procedure import Procedure
from goalscope.training.base import AbstractTrainer
from goalscope.worlds.base import AbstractWorld
from goalscope.worlds.drawn import ReadableWorld


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One condition: agents that are trained alike.

    Fields:
        title: what to call it in figures.
        train_world, test_world: where its agents are trained, and where they are measured.
        goal: the base objective, which training pays for.
        agent: how to build an untrained agent.
        trainer: the learning rule.
        updates: how many updates of it.
        agents: how many independently initialised and trained agents.
        group: arms of one group form one dose-response curve.
        dose: the arm's place on that curve, or None.
    """

    title: str
    train_world: AbstractWorld
    test_world: AbstractWorld
    goal: Goal
    agent: Build
    trainer: AbstractTrainer
    updates: int
    agents: int
    group: str = "all"
    dose: float | None = None

    def __post_init__(self) -> None:
        for name in ("updates", "agents"):
            if getattr(self, name) < 1:
                raise ValueError(
                    f"{name} of an arm is at least 1; got {getattr(self, name)}"
                )


@dataclass(frozen=True, kw_only=True)
class ComputedArm:
    """One condition whose agents are not trained in a world: a procedure says how they are.

    Fields:
        title: what to call it in figures.
        procedure: what computes its readings.
        agents: how many independent agents.
        group: arms of one group form one dose-response curve.
        dose: the arm's place on that curve, or None.
        factors: the arm's place in a design of several factors, for figures.
    """

    title: str
    procedure: Procedure
    agents: int
    group: str = "all"
    dose: float | None = None
    factors: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.agents < 1:
            raise ValueError(f"agents of an arm is at least 1; got {self.agents}")


@dataclass(frozen=True, kw_only=True)
class Readout:
    """What the procedures of computed arms read, under one name.

    Fields:
        readings: names, in the order of `Measured.value`.
        unit: of the readings, in words.
        check_names: names of the validity checks, in the order of `Measured.checks`.
    """

    readings: tuple[str, ...]
    unit: str
    check_names: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Planted:
    """Agents whose goal is known because they were built with it, or built without one.

    Fields:
        agent: how to build one.
        goal: name of the candidate that it has, or None if it has none of them.
        agents: how many.
    """

    agent: Build
    goal: str | None
    agents: int = 40


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """An instrument and where it is pointed.

    Fields:
        instrument: what measures.
        on: the arm's test world or its training world.
        gate: what it must achieve on planted agents; None for a measurement that
            identifies no goal.
    """

    instrument: AbstractInstrument
    on: Literal["test", "train"] = "test"
    gate: Gate | None = None


@dataclass(frozen=True, kw_only=True)
class Competence:
    """Which agents are worth asking for their goal: those that learnt their task.

    Fields:
        on: the reading, as "instrument.reading".
        threshold: smallest value at the last checkpoint.
    """

    on: str
    threshold: float


@dataclass(frozen=True, kw_only=True)
class HalfGeneralised:
    """Networks trained where candidate goals coincide, and read where they part.

    Nobody knows which goal such a network has, but it does not have two. Each is read at
    every checkpoint on several draws of levels; an instrument that names two different
    goals fails its gate.

    Fields:
        arm: how they are trained, and where they are read.
        draws: how often the levels are drawn.
    """

    arm: Arm
    draws: int = 4

    def __post_init__(self) -> None:
        if self.draws < 2:
            raise ValueError(f"draws={self.draws}: it takes 2 draws of levels to disagree")


@dataclass(frozen=True, kw_only=True)
class Experiment:
    """Which arms, instruments and claims belong together.

    All arms are of one class. Arms are trained in worlds and measured with `instruments`,
    beside planted agents, some with a goal and some without, which are mandatory; computed
    arms have `readouts`, and what they read cannot be planted.

    Fields:
        arms: name -> arm.
        claims: predictions, written before the run.
        instruments: name -> measurement, taken of every agent at every checkpoint.
        readouts: name -> what every computed arm reads.
        planted: name -> planted agents, measured in the world `planted_world`.
        planted_world: where planted agents are measured.
        half_generalised: networks that the instrument of `labels` must not be torn about;
            mandatory where it names the goals of trained agents.
        competence: the gate in front of every reading; None lets every agent pass.
        labels: name of the instrument whose readings name each agent's dominant goal.
        gallery: title -> level, or its text where the worlds read text; drawn with
            policies in the report if the worlds can be drawn (`worlds.drawn`).
        figures: pictures of readings beyond those that every report has.
        checkpoints: how many, log-spaced over training.
        plan: how a block of agents is laid out; `plan.chunk` is the block's width.
    """

    arms: Mapping[str, Arm] | Mapping[str, ComputedArm]
    claims: tuple[AbstractClaim, ...]
    instruments: Mapping[str, Measurement] = field(default_factory=dict)
    readouts: Mapping[str, Readout] = field(default_factory=dict)
    planted: Mapping[str, Planted] = field(default_factory=dict)
    planted_world: AbstractWorld | None = None
    half_generalised: HalfGeneralised | None = None
    competence: Competence | None = None
    labels: str | None = None
    gallery: Mapping[str, Any] = field(default_factory=dict)
    figures: tuple[AbstractPlot, ...] = ()
    checkpoints: int = 10
    plan: Plan = DEFAULT

    def __post_init__(self) -> None:
        names = set(self.arms) & set(self.planted)
        if names:
            raise ValueError(f"{', '.join(sorted(names))}: both an arm and a planted kind")
        self._check_kinds()
        readings = self.readings()
        if self.labels is not None:
            _require_known(self.labels, self.instruments, "labels", "instrument")
            self._check_half_generalised()
        if self.competence is not None:
            _require_known(self.competence.on, readings, "competence", "reading")
        self._check_gallery()
        for claim in self.claims:
            claim.check(self.arms, readings)
        for plot in self.figures:
            plot.check(readings)

    def _check_kinds(self) -> None:
        computed = [isinstance(arm, ComputedArm) for arm in self.arms.values()]
        if any(computed) and not (all(computed) and self.readouts):
            raise ValueError(
                "an experiment has arms of one class: either all are computed, with "
                "readouts, or none is"
            )
        if self.planted and self.planted_world is None:
            raise ValueError("planted agents live in a world; give planted_world")
        goals = {planted.goal for planted in self.planted.values()}
        if not any(computed) and not (None in goals and len(goals) > 1):
            lacking = "with a candidate goal" if None in goals else "of no goal (goal=None)"
            raise ValueError(
                f"planted is {', '.join(self.planted) or 'empty'}: nobody could tell what "
                "the instruments are worth. Plant agents whose goal is known, some for "
                f"each candidate and some without: there are none {lacking}"
            )

    def _check_gallery(self) -> None:
        arms = (arm for arm in self.arms.values() if isinstance(arm, Arm))
        worlds = (*(arm.test_world for arm in arms), self.planted_world)
        deaf = [
            world
            for world in worlds
            if world is not None and not isinstance(world, ReadableWorld)
        ]
        text = [title for title, shown in self.gallery.items() if isinstance(shown, str)]
        if deaf and text:
            raise ValueError(
                f"the gallery shows {', '.join(text)} as text, and "
                f"{type(deaf[0]).__name__} reads none; give the levels themselves"
            )

    def _check_half_generalised(self) -> None:
        if self.half_generalised is None:
            raise ValueError(
                "labels name the goals of trained agents, and half_generalised is None: "
                "nobody could tell whether other levels would name other goals. Give "
                "HalfGeneralised(arm=...), trained where the candidates coincide"
            )

    def readings(self) -> tuple[str, ...]:
        """Return every "instrument.reading" that each arm will have."""
        named = {name: m.instrument.readings for name, m in self.instruments.items()}
        named |= {name: readout.readings for name, readout in self.readouts.items()}
        return tuple(f"{name}.{each}" for name, found in named.items() for each in found)

    def worlds(self) -> dict[str, AbstractWorld]:
        """Return every world in which agents act, by what it is to the reader."""
        found = {} if self.planted_world is None else {"planted world": self.planted_world}
        for name, arm in self.arms.items():
            if isinstance(arm, Arm):
                found[f"training world of {name}"] = arm.train_world
                found[f"test world of {name}"] = arm.test_world
        return found

    def until(self, arm: Arm) -> tuple[int, ...]:
        """Return the update counts at which the arm's agents are kept and measured."""
        return log_spaced(arm.updates, self.checkpoints)


def _require_known(
    name: str, known: Mapping[str, object] | tuple, where: str, what: str
) -> None:
    if name not in known:
        raise ValueError(f"{where} names no {what} {name!r}; there are {', '.join(known)}")
