"""The claims of all experiments as one HTML file beside their reports. No JAX."""

from urllib.parse import quote

from goalscope.report.figure import Section
from goalscope.report.run_all import Ran, RunOfAll, summary_lines
from goalscope.report.shell import Head, render_page
from goalscope.report.verdicts import judged
from goalscope.report.wording import duration

QUESTION = "What became of the claims?"


def render_all(run: RunOfAll) -> str:
    """Return the page as HTML; equal runs give equal bytes."""
    facts = (f"size {run.size}", f"seed {run.seed}")
    sections = (_claims(run), _experiments(run))
    return render_page(Head("all experiments", facts, QUESTION), sections)


def _claims(run: RunOfAll) -> Section:
    rows = [
        {
            "verdict": judged(verdict, run.size, each.calibrated),
            "name": each.name,
            "link": _link(each),
        }
        for verdict, each in run.verdicts
    ]
    facts = {"rows": rows, "lines": summary_lines(run)}
    return Section("claims", "Claims", "all_claims", facts)


def _experiments(run: RunOfAll) -> Section:
    rows = [
        {
            "ran": each,
            "link": _link(each),
            "arms": f"{each.arms:,}" if each.report else "",
            "agents": f"{each.agents:,}" if each.report else "",
            "compute": duration(each.seconds) if each.report else "",
        }
        for each in run.ran
    ]
    facts = {"rows": rows, "command": run.command}
    return Section("experiments", "Experiments", "all_experiments", facts)


def _link(each: Ran) -> str:
    """Return the address of a report, as seen from a page in the same folder."""
    return f"./{quote(each.report, errors='replace')}" if each.report else ""
