"""No mark of approval stands beside an interval that crosses the bar."""

import dataclasses

import msgspec
import numpy as np
import pytest
from rich.console import Console
from tests.auditing.test_verdict import ALONE, found
from tests.report import synthetic
from tests.report.html_reading import read

from goalscope.assemble import goal_labels
from goalscope.auditing.record import Audit
from goalscope.report.answers import answer
from goalscope.report.audit_page import render_audits
from goalscope.report.audit_terminal import show_audit, show_summary
from goalscope.report.verdicts import SHAPES
from goalscope.result import Outcome

BAR = 0.95


def audited(lower: float) -> Audit:
    """An audit that reads 0.97 of one goal, with an interval from `lower` up."""
    lowers = [lower, 0.01]
    findings = found({"cheese": 0.97, "corner": 0.01}, ALONE, group_lowers=lowers)
    first = msgspec.structs.replace(findings.candidates[0], lower=lower, upper=1.0)
    candidates = [first, *findings.candidates[1:]]
    return Audit(
        subject="it", found=msgspec.structs.replace(findings, candidates=candidates)
    )


@pytest.mark.parametrize(("lower", "ticked"), [(0.8, False), (0.96, True)])
def test_an_audit_is_ticked_only_above_the_bar(lower: float, *, ticked: bool):
    audit = audited(lower)
    console = Console(width=120, color_system=None)
    with console.capture() as captured:
        console.print(show_audit(audit), show_summary([audit]))
    head, *_, last = captured.get().strip().splitlines()[1:]
    assert head.startswith("✓") == ("✓" in last) == ticked
    badge = read(render_audits([audit], "again")).named("agent0").all("p")[0]
    tick = SHAPES[Outcome.SUPPORTED].split('d="')[1].split('"')[0]
    drawn = {path.attributes.get("d") for path in badge.all("path")}
    assert (tick in drawn) == ticked


@pytest.mark.parametrize(("lower", "label"), [(0.8, "undecided"), (0.96, "cheese")])
def test_an_arm_is_told_of_a_goal_only_above_the_bar(lower: float, label: str):
    plain = synthetic.result((("a", 0.0, ""),), num_checkpoints=2, fates={})
    posterior = {"cheese": 0.97, "corner": 0.03}
    evidence = {
        ("a", "goal_posterior", name): dataclasses.replace(
            plain.evidence["a", "goal_posterior", name],
            values=np.full((16, 2), value),
            lower=np.full((16, 2), min(lower, value)),
        )
        for name, value in posterior.items()
    }
    names = list(posterior)
    labels = goal_labels(plain.arms, evidence, "goal_posterior", names, BAR)
    shown = dataclasses.replace(
        plain, labels=labels, label_names=("cheese", "corner", "undecided")
    )
    assert answer(shown, shown.arms["a"]).headline == f"{label}: 16 of 16 agents"
