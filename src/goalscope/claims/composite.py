"""Claims made of claims: everything must hold, and one contradiction refutes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from string import ascii_lowercase
from typing import final

from goalscope.claims.base import AbstractClaim, Dosed, Needs, require
from goalscope.claims.findings import Finding
from goalscope.claims.readings import Readings


@final
@dataclass(frozen=True, kw_only=True)
class Composite(AbstractClaim):
    """All of some claims hold; any one of some others would contradict.

    The bar of support and the bar of refutation need not be the same: what lies between
    them is mixed. `on` and the estimate that is shown are those of the first claim.

    The p-value of support is the largest of its parts (intersection-union test, Berger
    1982), that of refutation the smallest of its parts times their number (Bonferroni).

    Fields:
        supported_if: claims that must all hold.
        refuted_if: claims of which one suffices to refute.
    """

    supported_if: tuple[AbstractClaim, ...]
    refuted_if: tuple[AbstractClaim, ...]

    def validate(self) -> None:
        require(bool(self.supported_if), "supported_if is empty; give claims")
        require(bool(self.refuted_if), "refuted_if is empty: nothing could refute it")
        first = self.supported_if[0].on
        require(self.on == first, f"on is {self.on!r}; the first claim is on {first!r}")

    def needs(self) -> Needs:
        found = [part.needs() for part in self.parts]
        return Needs(
            arms=tuple(dict.fromkeys(arm for need in found for arm in need.arms)),
            groups=tuple(dict.fromkeys(group for need in found for group in need.groups)),
        )

    @property
    def parts(self) -> tuple[AbstractClaim, ...]:
        """Return all claims that this one is made of."""
        return (*self.supported_if, *self.refuted_if)

    @property
    def instruments(self) -> tuple[str, ...]:
        return tuple(
            dict.fromkeys(name for part in self.parts for name in part.instruments)
        )

    def readings_needed(self) -> tuple[tuple[str, str], ...]:
        return tuple(
            dict.fromkeys(n for part in self.parts for n in part.readings_needed())
        )

    def check(self, arms: Mapping[str, Dosed], readings: Collection[str]) -> None:
        for part in self.parts:
            part.check(arms, readings)

    def bars(self) -> str:
        needed = zip(_numbers(len(self.supported_if)), self.supported_if, strict=True)
        against = zip(_letters(len(self.refuted_if)), self.refuted_if, strict=True)
        lines = (
            "Supported if every one of these is supported:",
            *(f"({number}) {part.text} {part.bars()}" for number, part in needed),
            "Refuted if one of these is supported:",
            *(f"({letter}) {part.text} {part.bars()}" for letter, part in against),
        )
        return "\n".join((*lines, ""))

    def finding(self, readings: Readings) -> Finding:
        needed = [part.finding(readings) for part in self.supported_if]
        against = [part.finding(readings) for part in self.refuted_if]
        supports = all(found.supports for found in needed)
        refutes = not supports and any(found.supports for found in against)
        for_it = max(found.p_value for found in needed)
        contradicting = [found.p_value for found in against if found.supports]
        against_it = min(1.0, len(against) * min(contradicting, default=1.0))
        return Finding(
            needed[0].quantity,
            needed[0].unit,
            needed[0].interval,
            min(found.n for found in (*needed, *against)),
            supports=supports,
            refutes=refutes,
            p_value=against_it if refutes else for_it,
            width=needed[0].width,
            parts=_holding(needed, against),
        )


def _holding(needed: Sequence[Finding], against: Sequence[Finding]) -> str:
    """Return which parts hold, by the numbers and letters of the rule."""
    return (
        f"Conditions for the claim that hold: {_held(needed, _numbers(len(needed)))}; "
        f"against it: {_held(against, _letters(len(against)))}"
    )


def _held(parts: Sequence[Finding], names: Sequence[str]) -> str:
    held = [f"({name})" for name, part in zip(names, parts, strict=True) if part.supports]
    if len(held) in (0, len(parts)):
        return f"{'all' if held else 'none'} of {len(parts)}"
    return f"{len(held)} of {len(parts)}, {' '.join(held)}"


def _numbers(count: int) -> list[str]:
    return [str(index + 1) for index in range(count)]


def _letters(count: int) -> list[str]:
    """Return a, b, ..., z, aa, ab, ..."""
    names = ["".join(pair) for pair in product(("", *ascii_lowercase), ascii_lowercase)]
    return names[:count]
