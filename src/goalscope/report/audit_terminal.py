"""Audits in the terminal. No JAX."""

from itertools import zip_longest

from rich.console import Group, RenderableType
from rich.text import Text

from goalscope.auditing.record import Audit, Findings, Picture
from goalscope.auditing.verdict import verdict
from goalscope.report.audit_words import (
    OUTCOMES,
    calibration,
    candidate_rows,
    group_lines,
    null_rows,
    ruled_out_lines,
)
from goalscope.report.cleaning import clean
from goalscope.report.terminal import SIGNS
from goalscope.report.terminal_parts import table, text, titled
from goalscope.report.verdicts import checked
from goalscope.worlds.drawing import level_terminal

BAR, WIDTH, GAP = 14, 80, 2


def show_audit(audit: Audit) -> Group:
    """Return what the terminal shows of one agent: verdict first, then why."""
    told = verdict(audit)
    sign = SIGNS[OUTCOMES[told.word]]
    head = [text(audit.subject, "bold"), text(f"{sign} {told.sentence}")]
    if audit.found is None:
        return Group(*head)
    return Group(*head, *_body(audit.found), text(f"{audit.seconds:.1f} s", "dim"))


def show_summary(audits: list[Audit]) -> Group:
    """Return a line for each of several agents."""
    rows = []
    for audit in audits:
        told = verdict(audit)
        word = f"{SIGNS[OUTCOMES[told.word]]} {told.word}"
        rows.append((audit.subject, word, " or ".join(told.goals)))
    return Group(*titled("All agents", table(("agent", "verdict", "goal"), rows)))


def _body(found: Findings) -> list[RenderableType]:
    about = (
        f"{found.world}: {found.levels} levels, {found.decisions} decisions; "
        f"{found.bits:+.1f} bits for a goal, {found.gain:+.3f} nats a decision"
    )
    checks = [
        text(f"{'✓ passed' if check.passed else '△ failed'}: {check.name}, {check.meaning}")
        for check in found.checks
    ]
    words = checked(calibration(found))
    passed = "✓" if found.calibration.passed else "△"
    planted = text(f"{passed} {words.word} on planted agents, same run: {words.text}")
    nulls = [text(f"- {name}: {how}") for name, how in null_rows(found)]
    return [
        text(about, "dim"),
        text(f"World checked: {found.world_check or 'no'}", "dim"),
        Text(""),
        _posterior(found),
        *[text(f"- {line}") for line in [*ruled_out_lines(found), *group_lines(found)]],
        *titled("Models without a goal", *nulls),
        *titled("Checks", *checks, planted),
        *_pictures("What it did, where that says most", found.pictures),
        *_pictures(found.advice, found.settling),
    ]


def _posterior(found: Findings) -> RenderableType:
    values = [*(c.posterior for c in found.candidates), found.none]
    rows = [
        (row[0], _bar(value), *row[1:])
        for row, value in zip(candidate_rows(found), values, strict=True)
    ]
    columns = ("goal", "", "posterior", "95% interval", "earns (chance)")
    return table(columns, rows, numeric=(2, 3, 4))


def _bar(value: float) -> Text:
    filled = round(BAR * value)
    return Text("█" * filled).append("░" * (BAR - filled), "dim")


def _pictures(title: str, pictures: list[Picture]) -> tuple[RenderableType, ...]:
    if not title:
        return ()
    blocks = [block for picture in pictures for block in _blocks(picture)]
    return titled(clean(title), *map(text, _side_by_side(blocks)))


def _blocks(picture: Picture) -> list[list[str]]:
    """Return the lines of a level for each way through it, below what it is."""
    if not picture.text:
        ways = [clean(f"  {path.name}: {path.words}") for path in picture.paths]
        return [[clean(picture.title), *ways]]
    blocks = []
    for path in picture.paths:
        name = [clean(path.name)] if len(picture.paths) > 1 else []
        try:
            drawing = level_terminal(clean(picture.text, lines=True), path.places)
        except (ValueError, IndexError):
            drawing = "it cannot be drawn"
        blocks.append([clean(picture.title), *name, *drawing.split("\n")])
    return blocks


def _side_by_side(blocks: list[list[str]]) -> list[str]:
    """Return blocks of lines in rows, as many beside each other as there is room for."""
    if not blocks:
        return []
    wide = max(len(line) for block in blocks for line in block) + GAP
    fit = max(1, WIDTH // wide)
    lines = []
    for start in range(0, len(blocks), fit):
        row = blocks[start : start + fit]
        each = zip_longest(*row, fillvalue="")
        lines += ["".join(f"{part:<{wide}}" for part in line).rstrip() for line in each]
        lines.append("")
    return lines[:-1]
