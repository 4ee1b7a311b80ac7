"""How things are timed: all are built first, then called in turn, several rounds.

On a machine that others use too, a wall time alone says little. Calling the cases in turn
makes ratios fair, the best round is the least disturbed one, and CPU seconds stand beside
wall seconds: a case that waited has a small share of CPU.
"""

import json
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Case:
    """Something to time.

    Fields:
        name, group: what to call it; ratios are taken within a group.
        unit: what `amount` counts.
        amount: units of work in one call.
        build: returns the call; compiling is its business.
        details: what else the record should say.
        flops: arithmetic of one unit, if known.
    """

    name: str
    group: str
    unit: str
    amount: float
    build: Callable[[], Callable[[], object]]
    details: dict[str, Any] = field(default_factory=dict)
    flops: float | None = None


@dataclass
class Timing:
    """A case that was timed; lists have one entry a round."""

    case: Case
    compile_cpu_s: float
    peak_memory_mb: float
    wall_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)

    @property
    def best(self) -> float:
        """Units per second in the best round."""
        return self.case.amount / min(self.wall_s)

    @property
    def median(self) -> float:
        """Units per second in the median round."""
        return self.case.amount / statistics.median(self.wall_s)

    @property
    def per_cpu_s(self) -> float:
        """Units per CPU second, best round."""
        return self.case.amount / min(self.cpu_s)

    def record(self) -> dict[str, Any]:
        """Return everything, for one line of JSON."""
        return {
            "case": self.case.name,
            "group": self.case.group,
            "unit": self.case.unit,
            "amount": self.case.amount,
            "best_per_s": self.best,
            "median_per_s": self.median,
            "best_per_cpu_s": self.per_cpu_s,
            "wall_s": self.wall_s,
            "cpu_s": self.cpu_s,
            "compile_cpu_s": self.compile_cpu_s,
            "peak_memory_mb": self.peak_memory_mb,
            "flops_per_unit": self.case.flops,
            **self.case.details,
        }


def run(cases: list[Case], *, rounds: int) -> list[Timing]:
    """Return the timings of all cases: built first, then called in turn."""
    timings, calls = [], []
    for case in cases:
        before = time.process_time()
        call = case.build()
        call()
        timings.append(Timing(case, time.process_time() - before, peak_memory_mb()))
        calls.append(call)
        print(f"built {case.name} ({timings[-1].compile_cpu_s:.1f} CPU-s)", flush=True)
    for _ in range(rounds):
        for timing, call in zip(timings, calls, strict=True):
            wall, cpu = time.perf_counter(), time.process_time()
            call()
            timing.wall_s.append(time.perf_counter() - wall)
            timing.cpu_s.append(time.process_time() - cpu)
    return timings


def peak_memory_mb() -> float:
    """Return the largest memory that this process has had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def table(timings: list[Timing], references: dict[str, str], peak: float) -> str:
    """Return the timings as text, with ratios to the reference case of each group."""
    head = ("case", "best /s", "median /s", "best /CPU-s", "ratio", "/CPU-s", "of peak")
    lines: list[tuple[str, ...]] = [(*head, "compile CPU-s")]
    by_name = {timing.case.name: timing for timing in timings}
    for timing in timings:
        reference = by_name.get(references.get(timing.case.group, ""))
        ratios = (
            ("", "")
            if reference is None
            else (
                f"{timing.median / reference.median:.2f}",
                f"{timing.per_cpu_s / reference.per_cpu_s:.2f}",
            )
        )
        flops = timing.case.flops
        share = "" if flops is None else f"{timing.best * flops / peak:.0%}"
        rates = (timing.best, timing.median, timing.per_cpu_s)
        numbers = [readable(rate) for rate in rates]
        last = f"{timing.compile_cpu_s:.1f}"
        lines.append((timing.case.name, *numbers, *ratios, share, last))
    return aligned(lines)


def aligned(lines: list[tuple[str, ...]]) -> str:
    """Return rows as columns of text, the first to the left, others to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    rows = []
    for first, *rest in lines:
        cells = [cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True)]
        rows.append("  ".join([first.ljust(widths[0]), *cells]).rstrip())
    return "\n".join(rows)


def readable(number: float) -> str:
    """Return a rate with three digits.

    >>> readable(1234567), readable(45678), readable(12.3)
    ('1.23 M', '45.7 k', '12.3')
    """
    for size, letter in ((1e6, " M"), (1e3, " k")):
        if number >= size:
            return f"{number / size:.3g}{letter}"
    return f"{number:.3g}"


def write_lines(path: str, records: list[dict[str, Any]]) -> None:
    """Append records to a file, one line of JSON each."""
    with open(path, "a", encoding="utf-8") as file:  # noqa: PTH123
        file.writelines(json.dumps(record) + "\n" for record in records)
