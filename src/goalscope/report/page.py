"""A result as one HTML file that needs nothing else: no script, no network. No JAX."""

from goalscope.report.along_training import training_section
from goalscope.report.doses import dose_section
from goalscope.report.excluded import exclusion_section
from goalscope.report.planted import planted_section
from goalscope.report.portraits import portrait_section
from goalscope.report.reproduction import reproduction_section
from goalscope.report.seeds import seed_section
from goalscope.report.shell import SKIPPED as SKIPPED
from goalscope.report.shell import Head, render_page
from goalscope.report.verdicts import verdict_section
from goalscope.report.world import world_section
from goalscope.result import Result

SECTIONS = (
    verdict_section,
    world_section,
    training_section,
    seed_section,
    dose_section,
    portrait_section,
    planted_section,
    exclusion_section,
    reproduction_section,
)


def render_report(result: Result) -> str:
    """Return the report of a result as HTML; equal results give equal bytes."""
    facts = (f"size {result.size}", f"seed {result.seed}")
    head = Head(result.name, facts, result.question)
    return render_page(head, tuple(build(result) for build in SECTIONS))
