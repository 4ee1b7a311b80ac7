"""Colours and letters of goals: one colour means one goal in every figure. No JAX.

The hues are those of Okabe and Ito (2008), which the colour-blind can tell apart; the page
defines them as CSS variables, brighter on a dark background.
"""

from goalscope.result import Result

INK, FAINT = "var(--ink)", "var(--faint)"
NONE, UNDECIDED = "var(--none)", "var(--undecided)"
NUM_GOALS = 6
NO_GOAL = ("none of these", "none")
"""What the label and the readings of agents with none of the candidate goals are called."""

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def label_color(result: Result, label: int) -> str:
    """Return the colour of a label, given as an index into `label_names`."""
    if label == len(result.label_names) - 1:
        return UNDECIDED
    if result.label_names[label] in NO_GOAL:
        return NONE
    return f"var(--goal-{label % NUM_GOALS})"


def line_color(result: Result, label: int) -> str:
    """Return the colour of a label's lines, which need more contrast than areas."""
    color = label_color(result, label)
    return FAINT if color == UNDECIDED else color


def reading_color(result: Result, reading: str) -> str:
    """Return the colour of a reading: that of the goal of the same name, else ink."""
    names = result.label_names
    if reading in NO_GOAL:
        return NONE
    return label_color(result, names.index(reading)) if reading in names else INK


def letter(label: int) -> str:
    """Return the letter that stands for a label in tables."""
    return LETTERS[label] if label < len(LETTERS) else "?"
