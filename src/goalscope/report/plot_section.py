"""The section of pictures that an experiment asks for. No JAX."""

from dataclasses import replace

from goalscope.plots import (
    AbstractPlot,
    FactorCurves,
    OverTraining,
    PhaseDiagram,
    Simplex,
    Survival,
)
from goalscope.report.figure import Figure, Section
from goalscope.report.plot_curves import curves_figure
from goalscope.report.plot_phase import phase_figure
from goalscope.report.plot_simplex import simplex_figure
from goalscope.report.plot_survival import survival_figure
from goalscope.report.plot_training import training_figure
from goalscope.result import Result


def plot_section(result: Result) -> Section:
    """Return a figure for each picture, in the order of the experiment."""
    figures = tuple(
        _laid_out(plot_figure(result, plot, f"plot{index}"))
        for index, plot in enumerate(result.plots)
    )
    return Section("plots", "Pictures", figures=figures)


def _laid_out(figure: Figure) -> Figure:
    return replace(figure, layout="beside") if len(figure.panels) == 1 else figure


def plot_figure(result: Result, plot: AbstractPlot, name: str) -> Figure:
    """Return one picture as a figure of the page."""
    match plot:
        case PhaseDiagram():
            return phase_figure(result, plot, name)
        case FactorCurves():
            return curves_figure(result, plot, name)
        case OverTraining():
            return training_figure(result, plot, name)
        case Survival():
            return survival_figure(result, plot, name)
        case Simplex():
            return simplex_figure(result, plot, name)
    raise TypeError(f"there is no way to draw a {type(plot).__name__}")
