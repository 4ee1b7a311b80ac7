"""The seventh section: how instruments did on agents whose goal is known."""

from typing import Any

from goalscope.report.figure import Section, Table
from goalscope.report.verdicts import checked
from goalscope.report.wording import percent, percent_interval
from goalscope.result import Calibration, Result
from goalscope.scoring.released import Domain, doubts, released_for
from goalscope.statistics.intervals import clopper_pearson


def planted_section(result: Result) -> Section:
    """Return a table per instrument: planted kinds by candidates, and whether it passed."""
    found = tuple(
        calibration_facts(calibration, result.domains.get(name))
        for name, calibration in result.calibration.items()
    )
    told = {doubt for each in found for doubt in each["checked"].zoo}
    others = dict.fromkeys(d for each in result.domains.values() for d in doubts(each))
    facts = {
        "instruments": found,
        "shipped": _shipped(result),
        "doubts": tuple(doubt for doubt in others if doubt not in told),
    }
    return Section("calibration", "Calibration", "planted", facts)


def _shipped(result: Result) -> Table | None:
    """Return how this version's instruments did on the whole zoo; None if unknown."""
    names = dict.fromkeys(domain.instrument for domain in result.domains.values())
    rows = tuple(
        (
            row.instrument,
            row.world,
            f"{row.levels:,}",
            f"{row.auc:.3f}",
            f"{row.convicted:,} of {row.negatives:,}, limit {percent(row.limit)}",
            "yes" if row.released else f"no: {'; '.join(row.misses)}",
        )
        for name in names
        for row in released_for(name)
    )
    head = ("instrument", "world", "levels", "AUC", "false convictions", "released")
    return Table(head, rows, numeric=frozenset({2, 3})) if rows else None


def calibration_facts(found: Calibration, used: Domain | None = None) -> dict[str, Any]:
    """Return what a page says about one instrument on planted agents."""
    hits = clopper_pearson(found.hits, found.positives)
    false = clopper_pearson(found.false_convictions, found.negatives, 0.90)
    return {
        "checked": checked(found, used),
        "gate": found.gate,
        "hits": f"{found.hits} of {found.positives}",
        "hit_rate": f"{percent(hits.estimate)}, 95% interval {percent_interval(hits)}",
        "false": f"{found.false_convictions} of {found.negatives}",
        "false_rate": f"{percent(false.estimate)}, upper 95% limit {percent(false.upper)}",
        "table": _table(found),
    }


def _table(found: Calibration) -> Table:
    candidates = tuple(dict.fromkeys(name for row in found.rows.values() for name in row))
    columns = (
        "planted kind",
        "its goal",
        "agents",
        *(f"convicted of {c}" for c in candidates),
    )
    rows = tuple(
        (
            kind,
            found.truth.get(kind) or "none of these",
            f"{found.counts.get(kind, 0):,}",
            *(_cell(row.get(name), name == found.truth.get(kind)) for name in candidates),
        )
        for kind, row in found.rows.items()
    )
    return Table(columns, rows, numeric=frozenset(range(2, len(columns))))


def _cell(share: float | None, is_truth: bool) -> str:
    text = percent(float("nan") if share is None else share)
    return f"● {text}" if is_truth else text
