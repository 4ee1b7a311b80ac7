"""A result as one HTML file that needs nothing else: no script, no network. No JAX."""

from collections.abc import Callable, Iterator

from goalscope.report.along_training import training_section
from goalscope.report.checks import check_section, has_checks
from goalscope.report.design import design_section
from goalscope.report.doses import dose_section
from goalscope.report.excluded import exclusion_section
from goalscope.report.figure import Section
from goalscope.report.planted import planted_section
from goalscope.report.plot_section import plot_section
from goalscope.report.portraits import portrait_section
from goalscope.report.reproduction import reproduction_section
from goalscope.report.seeds import seed_section
from goalscope.report.shell import SKIPPED as SKIPPED
from goalscope.report.shell import Head, render_page
from goalscope.report.summary import is_computed, is_finished
from goalscope.report.verdicts import verdict_section
from goalscope.report.world import world_section
from goalscope.result import Result

Build = Callable[[Result], Section]


def render_report(result: Result) -> str:
    """Return the report of a result as HTML; equal results give equal bytes."""
    facts = (f"size {result.size}", f"seed {result.seed}")
    head = Head(result.name, facts, result.question)
    return render_page(head, tuple(build(result) for build in _sections(result)))


def _sections(result: Result) -> Iterator[Build]:
    """Yield what the report has to say, in the order in which a sceptic asks."""
    yield verdict_section
    if result.plots:
        yield plot_section
    yield from _computed(result) if is_computed(result) else _trained(result)
    yield exclusion_section
    yield reproduction_section


def _computed(result: Result) -> Iterator[Build]:
    yield design_section
    if any(arm.curves and len(arm.updates) > 1 for arm in result.arms.values()):
        yield training_section
    if has_checks(result):
        yield check_section
    yield dose_section


def _trained(result: Result) -> Iterator[Build]:
    yield world_section
    yield training_section
    if result.labels or not is_finished(result):
        yield seed_section
    yield dose_section
    yield portrait_section
    yield planted_section
