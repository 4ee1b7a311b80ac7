"""Pictures that an experiment asks for, as records: what is drawn against what. No JAX."""

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, final


@dataclass(frozen=True, kw_only=True)
class AbstractPlot(ABC):
    """A picture of readings at the last checkpoint or along training.

    Fields:
        title: above the picture.
        caption: what is drawn and what to look for, in sentences.
        group: arms of this group are drawn; all if empty.
    """

    kind: ClassVar[str]

    title: str
    caption: str
    group: str = ""

    @property
    @abstractmethod
    def shown(self) -> tuple[str, ...]:
        """The readings that are drawn, as "instrument.reading"."""

    def check(self, readings: Collection[str]) -> None:
        """Raise `ValueError` unless all readings that are drawn are there."""
        missing = [on for on in self.shown if on not in readings]
        if missing:
            raise ValueError(
                f"the picture {self.title!r} shows {', '.join(missing)}; there are "
                f"{', '.join(sorted(readings))}"
            )


@final
@dataclass(frozen=True, kw_only=True)
class PhaseDiagram(AbstractPlot):
    """The mean of a reading over agents, as colour over two factors of the arms.

    Fields:
        on: the reading.
        x, y: names of factors.
        boundary: points of a curve that theory predicts, in units of the factors.
        boundary_name: what the curve is.
        low, high: readings at the ends of the colour scale.
    """

    kind: ClassVar[str] = "phase"

    on: str
    x: str
    y: str
    boundary: tuple[tuple[float, float], ...] = ()
    boundary_name: str = ""
    low: float = 0.0
    high: float = 1.0

    @property
    def shown(self) -> tuple[str, ...]:
        return (self.on,)


@final
@dataclass(frozen=True, kw_only=True)
class FactorCurves(AbstractPlot):
    """Means of readings with intervals, as lines over one factor of the arms.

    Fields:
        on: the readings, a line each.
        x: name of the factor.
        series: name of a factor that splits each reading into lines, or "".
        log: whether the readings' axis is logarithmic.
        lines: name -> value of the factor where theory expects something to happen.
    """

    kind: ClassVar[str] = "curves"

    on: tuple[str, ...]
    x: str
    series: str = ""
    log: bool = False
    lines: Mapping[str, float] | None = None

    @property
    def shown(self) -> tuple[str, ...]:
        return self.on


@final
@dataclass(frozen=True, kw_only=True)
class OverTraining(AbstractPlot):
    """Means of readings with intervals along training, a panel for each arm.

    Fields:
        on: the readings, a line each.
        zero: whether a line is drawn at 0.
        mark: a reading, the same at all checkpoints, whose mean over agents is marked on
            the axis of updates: when something happened; or "".
    """

    kind: ClassVar[str] = "training"

    on: tuple[str, ...]
    zero: bool = False
    mark: str = ""

    @property
    def shown(self) -> tuple[str, ...]:
        return (*self.on, self.mark) if self.mark else self.on


@final
@dataclass(frozen=True, kw_only=True)
class Survival(AbstractPlot):
    """The share of agents to which something has not yet happened, a line for each arm.

    The estimate of Kaplan and Meier (1958).

    Fields:
        on: when it happened to an agent, at the last checkpoint; infinite if never.
        until: the end of observation.
        unit: of time.
    """

    kind: ClassVar[str] = "survival"

    on: str
    until: float
    unit: str

    @property
    def shown(self) -> tuple[str, ...]:
        return (self.on,)


@final
@dataclass(frozen=True, kw_only=True)
class Simplex(AbstractPlot):
    """Where three shares that sum to 1 go along training, as ways through a triangle.

    Fields:
        on: the readings. An agent of which one is 1 is in that corner.
    """

    kind: ClassVar[str] = "simplex"

    on: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.on) != 3:
            raise ValueError(f"a triangle shows three readings; got {len(self.on)}")

    @property
    def shown(self) -> tuple[str, ...]:
        return self.on


PLOTS: Mapping[str, type[AbstractPlot]] = {
    plot.kind: plot
    for plot in (PhaseDiagram, FactorCurves, OverTraining, Survival, Simplex)
}


def write_plot(plot: AbstractPlot) -> dict[str, Any]:
    """Return a picture's JSON form."""
    return {"kind": plot.kind, **asdict(plot)}


def read_plot(fields: Mapping[str, Any]) -> AbstractPlot:
    """Return a picture from its JSON form."""
    known = {name: value for name, value in fields.items() if name != "kind"}
    for name in ("on", "boundary"):
        if isinstance(known.get(name), list):
            known[name] = tuple(
                tuple(each) if isinstance(each, list) else each for each in known[name]
            )
    return PLOTS[fields["kind"]](**known)
