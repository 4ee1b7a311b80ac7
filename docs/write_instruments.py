"""Write docs/instruments/: a page and a picture for each instrument that has a trial.

    python docs/write_instruments.py RESULT...

A RESULT is what `goalscope calibrate --size full` wrote, for all instruments or for some;
of an instrument that several hold, the last one counts.
The shipped calibration, which reports show beside their own, is written from the same
numbers. An instrument that no RESULT holds gets a page that says so at its top.
"""

import ast
import inspect
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import goalscope
from goalscope.discovery import find
from goalscope.report.calibration_attacks import attack_entries, attack_table
from goalscope.report.calibration_invariances import invariance_pairs, invariance_table
from goalscope.report.figure import Table
from goalscope.scoring.assembling import TRIAL, scorecards
from goalscope.scoring.records import KindRow, Scorecard
from goalscope.scoring.released import FILE, to_release
from goalscope.storage.store import open_folder

FOLDER = Path(__file__).with_name("instruments")
SHIPPED = Path(goalscope.__file__).parent / "scoring" / FILE
COLORS = {"positive": "#0072b2", "negative": "#d55e00", "neither": "#777777"}
LEFT, WIDTH, ROW = 190, 420, 18
SATURATED = (
    "it is within 0.01 of its end for every β of 8 and more, and ends cannot be ranked; "
    "between the lowest dose and the others the order is right"
)
REASONS = {
    ("goal_posterior", "trend"): SATURATED,
    ("reward_distance", "trend"): SATURATED,
    ("linear_goal", "coverage"): (
        "agents with a β of 128 hardly ever err: decisions bound their weights from below "
        "only, and the interval ends too early; of agents with a smaller β it is 0.96"
    ),
    ("goal_score", "cross-talk"): "an agent with a stronger habit wanders less and comes "
    "upon every object more often: it earns 0.20 of the best return for each at the "
    "largest dose, 0.14 at the smallest",
    ("influence", "trend"): "objects are moved up to 8 steps away, so that planners who "
    "look 8 and 12 steps ahead read alike, 7.8 and 7.5 to 7.7; up to 8 the order is right",
    ("robustness", "invariance"): (
        "pushes are drawn by the numbers of states and actions, so others are drawn when "
        "these change; means over agents differ by 0.01, but 1 or 2 of 16 agents have a "
        "reading with the one draw and too few decisions for it with the other"
    ),
    ("preference", "trend"): "choices at a β of 32 and of 128 are the same, and so are the "
    "utilities, 4.02 and 4.01; up to 32 the order is right",
    ("first_choice", "cross-talk"): "an agent with a stronger habit wanders less and comes "
    "upon some object in more episodes, 0.81 at the largest dose and 0.56 at the smallest; "
    "upon none of them more than upon the others",
    ("context_gap", "pattern"): "in this world an agent for either goal often takes the "
    "other one first, because it lies on its way, so that even a complete change of goal "
    "is not a gap of 1",
}
"""Why gates are missed: trial and family of gates -> what the readings showed."""


def write(results: Sequence[Path]) -> None:
    """Write all pages, their pictures, the index, and the shipped calibration."""
    folders = [open_folder(result) for result in results]
    found = [(folder, card) for folder in folders for card in scorecards(folder)]
    latest = {card.instrument: folder for folder, card in found}
    cards = tuple(card for folder, card in found if latest[card.instrument] is folder)
    records = [
        record
        for folder in folders
        for record in map(folder.read, folder.finished_cells())
        if record.kind == TRIAL and latest[record.description["trial"]] is folder
    ]
    classes = {r.description["trial"]: r.metadata["class"] for r in records}
    worlds = {
        (r.description["trial"], r.description["world"]): r.metadata["world_class"]
        for r in records
    }
    seconds = dict.fromkeys(classes, 0.0)
    for record in records:
        seconds[record.description["trial"]] += record.seconds
    FOLDER.mkdir(exist_ok=True)
    rows = []
    for name, kind in sorted(classes.items()):
        own = [card for card in cards if card.instrument == name]
        measured = sum(row.n for card in own for row in card.kinds)
        cost = 1000 * seconds[name] / max(measured, 1)
        (FOLDER / f"{name}.md").write_text(page(name, kind, own, cost), "utf-8")
        (FOLDER / f"{name}.svg").write_text(picture(own[0]), "utf-8")
        rows += [to_release(card, kind, worlds[name, card.world]) for card in own]
    untried = [e for e in find("instruments") if e.name not in classes.values()]
    for entry in untried:
        (FOLDER / f"{entry.path.stem}.md").write_text(untried_page(entry.name), "utf-8")
    commands = [folder.study.command.split(" --out ")[0] for folder in folders]
    text = index(sorted(cards, key=lambda c: c.instrument), classes, commands)
    listing = [f"- [{e.name}]({e.path.stem}.md): {e.summary}" for e in untried]
    (FOLDER / "index.md").write_text(text + without(listing), "utf-8")
    SHIPPED.write_text(json.dumps(rows, indent=1, ensure_ascii=False) + "\n", "utf-8")


def untried_page(kind: str) -> str:
    """Return the page of an instrument that was not calibrated."""
    return (
        "\n\n".join(
            [
                f"# {kind}",
                "**Not calibrated**: it was put to no agents of known goal but those of "
                "its own tests. Reports that use it say so.",
                "## What it reads",
                definition(kind),
            ]
        )
        + "\n"
    )


def without(listing: Sequence[str]) -> str:
    """Return the end of the index: instruments that were not calibrated."""
    if not listing:
        return ""
    return "\n".join(["", "Not calibrated:", "", *listing, ""])


def page(name: str, kind: str, cards: Sequence[Scorecard], cost: float) -> str:
    """Return the page of one instrument; `cost` in milliseconds an agent."""
    first = cards[0]
    limits = [f"- {limit}" for limit in first.limits]
    parts = [
        f"# {kind}",
        f"*{first.question}*",
        *release(cards),
        "## What it reads",
        definition(kind),
        "## A reading of agents whose goal is known",
        f"![score of each kind of planted agent]({name}.svg)",
        f"Means over agents, with the range of 90 % of them; score: {first.score}, in "
        f"{first.unit}. Blue counts as positive, red as negative, grey as neither.",
        *(table(card) for card in cards),
        *invariant(cards),
        *attacked(cards),
        "## When it lies",
        "\n".join(limits),
        *listed(first),
        "## Cost",
        f"About {cost:.0f} ms an agent, everything included, at {first.levels} levels, in "
        "the calibration that this page was written from (two cores, compilation shared).",
    ]
    return "\n\n".join(parts) + "\n"


def release(cards: Sequence[Scorecard]) -> Iterator[str]:
    """Yield, for the top of a page, where an instrument is released and what it misses."""
    for card in cards:
        if card.released:
            yield f"**Released in {card.world}**: every gate is met on the test half."
            continue
        missed = [
            f"{g.name} is {g.value:.3g}, required {g.bound}{why(card, g.family)}"
            for g in card.misses
        ]
        yield f"**Not released in {card.world}**: {'; '.join(missed)}."


def why(card: Scorecard, family: str) -> str:
    """Return the reason of a missed gate, if it was found out."""
    reason = REASONS.get((card.instrument, family))
    return f" ({reason})" if reason else ""


def definition(kind: str) -> str:
    """Return the docstring of a class, dedented."""
    (entry,) = (e for e in find("instruments") if e.name == kind)
    for node in ast.parse(entry.path.read_text("utf-8")).body:
        if isinstance(node, ast.ClassDef) and node.name == kind:
            text = inspect.cleandoc(ast.get_docstring(node) or "")
            return text.replace("Fields:\n", "Fields:\n\n").replace("\n    ", "\n- ")
    raise LookupError(f"{entry.path} holds no class {kind}")


def table(card: Scorecard) -> str:
    """Return what each kind of agents read in one world."""
    head = "| kind | what there is to find | counts as | agents | score | convicted |"
    lines = [
        f"| {r.kind} | {r.truth} | {r.role} | {r.n} | {r.score:.3g} | {r.convicted:.0%} |"
        for r in sorted(card.kinds, key=order)
    ]
    area, false = card.auc, card.false_rate
    found = (
        f"In {card.world}: AUC {area.estimate:.3f} [{area.lower:.3f}, {area.upper:.3f}] "
        f"({card.positives} positives, {card.negatives} negatives); hits "
        f"{card.hit_rate.estimate:.1%}; falsely convicted {false.estimate:.1%}, upper "
        f"95 % limit {false.upper:.1%}; of {card.failing.estimate:.1%} of them a validity "
        "check fails."
    )
    power = ", ".join(f"{n} levels {i.estimate:.3f}" for n, i in card.power.items())
    more = f" AUC with fewer or more levels: {power}." if power else ""
    return "\n".join([found + more, "", head, "|---|---|---|---:|---:|---:|", *lines])


def invariant(cards: Sequence[Scorecard]) -> Iterator[str]:
    """Yield what must not matter to an instrument, and how much it does."""
    pairs = invariance_pairs(tuple(cards))
    if pairs:
        yield "## What must not matter"
        yield (
            "The largest change of any reading when the same thing is written otherwise, "
            "relative to the reading where it is beyond 1, and what is allowed: rounding, "
            "or, where other random numbers are drawn afterwards, what chance makes of the "
            "mean over agents."
        )
        yield markdown(invariance_table(pairs), (1, 2, 4, 5, 6, 7, 8, 9))


def attacked(cards: Sequence[Scorecard]) -> Iterator[str]:
    """Yield how far agents that act against an instrument move it."""
    entries = attack_entries(tuple(cards))
    if entries:
        yield "## Agents set against it"
        yield (
            "How far agents can move a reading on purpose while they lose at most 5 % of "
            "their discounted return, and the loss at which half of all convictions change."
        )
        yield markdown(attack_table(entries), tuple(range(1, 10)))


def markdown(found: Table, columns: Sequence[int]) -> str:
    """Return some columns of a table of the report."""
    lines = [[found.columns[i] for i in columns], ["---"] * len(columns)]
    lines += [[row[i] for i in columns] for row in found.rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def listed(card: Scorecard) -> Iterator[str]:
    """Yield what else the score follows, and why."""
    if card.listed:
        why = [f"- the dose of *{kind}*: {reason}" for kind, reason in card.listed.items()]
        yield "\n".join(["The score also follows", "", *why])


def order(row: KindRow) -> tuple[str, float]:
    """Return how kinds are sorted: positives first, then by falling score."""
    return {"positive": "a", "neither": "b", "negative": "c"}[row.role], -row.score


def picture(card: Scorecard) -> str:
    """Return the scores of all kinds as a drawing."""
    kinds = sorted(card.kinds, key=order)
    ends = [end for row in kinds for end in (*row.spread, row.score) if end == end]
    low, high = min(ends), max(ends)
    span = (high - low) or 1.0

    def x(value: float) -> float:
        return LEFT + WIDTH * (value - low) / span

    marks = []
    for index, row in enumerate(kinds):
        y, color = ROW * index + 16, COLORS[row.role]
        place = f'x="{LEFT - 10}" y="{y + 4}" text-anchor="end" fill="#555"'
        marks.append(f"<text {place}>{row.kind}</text>")
        if row.score == row.score:
            marks.append(
                f'<path d="M{x(row.spread[0]):.1f} {y}H{x(row.spread[1]):.1f}" '
                f'stroke="{color}" stroke-width="2"/>'
                f'<circle cx="{x(row.score):.1f}" cy="{y}" r="4" fill="{color}"/>'
            )
    bottom = ROW * len(kinds) + 24
    axis = "".join(
        f'<text x="{x(v):.1f}" y="{bottom}" text-anchor="{a}" fill="#555">{v:.3g}</text>'
        for v, a in ((low, "start"), (high, "end"))
    )
    size = f"0 0 {LEFT + WIDTH + 20} {bottom + 8}"
    style = 'font-family="sans-serif" font-size="12"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{size}" {style}>'
    return head + "".join(marks) + axis + "</svg>\n"


def index(
    cards: Sequence[Scorecard], classes: dict[str, str], commands: Sequence[str]
) -> str:
    """Return the page that lists all instruments and how they did."""
    words = " and ".join(f"`{command}`" for command in commands)
    lines = [
        f"| [{classes[c.instrument]}]({c.instrument}.md) | {c.question} | {c.world} | "
        f"{c.auc.estimate:.3f} | {c.false_rate.estimate:.1%} ({c.false_rate.upper:.1%}) | "
        f"{'yes' if c.released else f'misses {len(c.misses)} of {len(c.gates)} gates'} |"
        for c in cards
    ]
    return "\n".join(
        [
            "# Instruments, and how far to trust them",
            "",
            "Each is put to agents whose goal is known, on the half of the zoo that no "
            f"threshold was tuned on: {words}. False convictions with their one-sided "
            "upper 95 % limit.",
            "",
            "| instrument | question | world | AUC | false | released |",
            "|---|---|---|---:|---:|---|",
            *lines,
            "",
        ]
    )


if __name__ == "__main__":
    write([Path(argument) for argument in sys.argv[1:]])
