"""A calibration as one HTML file: what each instrument reads of known agents. No JAX."""

from goalscope.report.calibration_attacks import attack_section
from goalscope.report.calibration_cross_talk import cross_talk_section
from goalscope.report.calibration_instrument import instrument_section
from goalscope.report.calibration_invariances import invariance_section
from goalscope.report.calibration_kinds import instruments, kinds, worlds
from goalscope.report.calibration_pattern import pattern_section
from goalscope.report.calibration_summary import summary_section
from goalscope.report.shell import Head, render_page
from goalscope.report.wording import counted, listed
from goalscope.scoring.records import Scorecard

NAME = "calibration"
QUESTION = "Do the instruments read what is there?"


def render_calibration(cards: tuple[Scorecard, ...], command: str) -> str:
    """Return the report of a calibration as HTML; equal scorecards give equal bytes.

    Args:
        cards: one per instrument and world.
        command: what to type to get the calibration again.
    """
    own = {
        name: [card for card in cards if card.instrument == name]
        for name in instruments(cards)
    }
    further = (invariance_section(cards), attack_section(cards))
    sections = (
        summary_section(cards, command),
        pattern_section(cards),
        cross_talk_section(cards),
        *(section for section in further if section is not None),
        *(
            instrument_section(found, f"instrument{number}")
            for number, found in enumerate(own.values(), start=1)
        ),
    )
    return render_page(_head(cards), sections)


def _head(cards: tuple[Scorecard, ...]) -> Head:
    halves = list(dict.fromkeys(f"{card.half} half" for card in cards))
    agents = sum(row.n for card in cards for row in card.kinds)
    facts = (
        listed(halves) if halves else "nothing finished",
        counted(len(instruments(cards)), "instrument"),
        counted(len(worlds(cards)), "world"),
        counted(len(kinds(cards)), "kind") + " of agents",
        counted(agents, "measurement"),
    )
    return Head(NAME, facts, QUESTION)
