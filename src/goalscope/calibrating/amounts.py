"""How much a calibration of each size measures."""

from typing import NamedTuple


class Amount(NamedTuple):
    """How much a calibration measures.

    Fields:
        worlds: how many of a trial's worlds, None for all.
        judged: positives altogether, split over their kinds, and as many negatives.
        others: agents of every other kind.
        retest: whether some agents are measured a second time, on other levels.
        power: whether other numbers of levels are tried.
    """

    worlds: int | None
    judged: int
    others: int
    retest: bool
    power: bool


AMOUNTS: dict[str, Amount] = {
    "smoke": Amount(1, 16, 4, False, False),
    "standard": Amount(None, 64, 16, True, False),
    "full": Amount(None, 208, 32, True, True),
}
