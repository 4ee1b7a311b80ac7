"""Time what the documents say is fast, and print ratios."""

import argparse
import os
import time
from collections.abc import Callable
from typing import Any

PARTS = ("worlds", "training", "exact", "competence", "start", "peers")


def main() -> None:
    """Run the parts that were asked for; one line of JSON a case, and a table."""
    options = parse()
    flag = f"--xla_force_host_platform_device_count={options.devices}"
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {flag}".strip()
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    before = time.process_time()
    from benchmarks import machine, timing

    here = machine.description() | {"import_cpu_s": time.process_time() - before}
    peak = machine.matmul_peak()
    here["matmul_peak_gflops"] = peak / 1e9
    print(f"{here['cpu']}, {here['cores']} cores, load {here['load']:.1f}, ", end="")
    print(f"jax {here['jax']}, float32 products {peak / 1e9:.0f} GFLOP/s\n")
    records: list[dict[str, Any]] = []
    cases, references = chosen_cases(options)
    if cases:
        timings = timing.run(cases, rounds=options.rounds)
        print("\n" + timing.table(timings, references, peak) + "\n")
        records += [measured.record() for measured in timings]
    for part in other_parts(options):
        records += [said(record) for record in part()]
    if options.json:
        timing.write_lines(options.json, [here | record for record in records])


def parse() -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    some = f"of {', '.join(PARTS)}"
    parser.add_argument("parts", nargs="*", help=f"some {some}; all if none is named")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of timing")
    parser.add_argument("--devices", type=int, default=os.cpu_count(), help="host devices")
    parser.add_argument("--quick", action="store_true", help="few cases")
    parser.add_argument("--json", metavar="FILE", help="append one line a case")
    parser.add_argument("--sb3-python", metavar="PYTHON", help="has stable-baselines3")
    parser.add_argument("--jaxgmg-python", metavar="PYTHON", help="has jaxgmg")
    options = parser.parse_args()
    unknown = sorted(set(options.parts) - set(PARTS))
    if unknown:
        parser.error(f"no part {', '.join(unknown)}; parts are {', '.join(PARTS)}")
    options.parts = options.parts or list(PARTS)
    return options


def chosen_cases(options: argparse.Namespace) -> tuple[list, dict[str, str]]:
    """Return the cases of the parts that are timed in turn, and what they are beside."""
    from benchmarks import cases

    return cases.chosen(options.parts, options.devices, quick=options.quick)


def other_parts(options: argparse.Namespace) -> list[Callable[[], list[dict[str, Any]]]]:
    """Return the measurements that are not timed in turn."""
    from benchmarks import competence, peer_runs, starting

    parts: list[Callable[[], list[dict[str, Any]]]] = []
    if "competence" in options.parts:
        parts.append(competence.measure)
    if "start" in options.parts:
        parts.append(starting.measure)
    runs = (
        (options.sb3_python, peer_runs.stable_baselines3),
        (options.jaxgmg_python, peer_runs.jaxgmg),
    )
    for python, run in runs:
        if "peers" in options.parts and python:
            parts.append(lambda run=run, path=python: run(path, options.devices, 3))
    return parts


def said(record: dict[str, Any]) -> dict[str, Any]:
    """Return the record after printing it in a line."""
    shown = {key: value for key, value in record.items() if key not in ("group", "rounds")}
    numbers = ", ".join(f"{key} {value}" for key, value in shown.items() if key != "case")
    print(f"{record['case']}: {numbers}", flush=True)
    return record


if __name__ == "__main__":
    main()
