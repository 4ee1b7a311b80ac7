"""Claims made of claims: everything must hold, and one contradiction refutes."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
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
        needed = " ".join(
            f"({i}) {part.bars()}" for i, part in enumerate(self.supported_if, 1)
        )
        against = " ".join(
            f"({chr(96 + i)}) {part.bars()}" for i, part in enumerate(self.refuted_if, 1)
        )
        return (
            f"Supported if every one of these is supported: {needed} Refuted if one of "
            f"these is supported: {against}"
        )

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
        )
