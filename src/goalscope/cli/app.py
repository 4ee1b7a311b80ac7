"""The command line: what there is to type, and what it teaches."""

import sys
from dataclasses import asdict
from pathlib import Path

from cyclopts import App, CycloptsError
from cyclopts.exceptions import UnknownCommandError, UnusedCliTokensError

from goalscope import __version__
from goalscope.cli.console import complain, guarded
from goalscope.cli.options import (
    USUAL_ASKING,
    USUAL_AUDITING,
    USUAL_PLANTING,
    USUAL_WATCHING,
    Asking,
    Auditing,
    Json,
    Measuring,
    Planting,
    Quiet,
    Watching,
    Workers,
)
from goalscope.suggestions import suggest

app = App(
    name="goalscope",
    version=__version__,
    result_action="return_value",
    help="""A laboratory for the goals of trained agents.

Trains populations of agents under objectives that you control, and measures which goal
each agent came to have, beside agents whose goal is known. Begin with `goalscope demo`,
look at the experiments with `goalscope list experiments`, run one with `goalscope run`.
""",
    help_epilogue="Exit codes: 0 done, 1 cells failed or missing, 2 wrong usage, "
    "3 damaged files, 4 disk or permissions, 130 stopped (the same command continues).",
)


@app.command(name="list")
def list_(kind: str | None = None, /, *, json: Json = False) -> int:
    """List worlds, agents, trainers, instruments, claims, zoo or experiments.

    Parameters
    ----------
    kind
        worlds, agents, trainers, instruments, claims, zoo or experiments; all of them if
        left out.
    json
        Print JSON.
    """
    from goalscope.cli.listing import list_kinds

    return list_kinds(kind, as_json=json)


@app.command
def run(
    experiment: str,
    /,
    *,
    asking: Asking = USUAL_ASKING,
    out: Path | None = None,
    workers: Workers = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Run an experiment; the same command again continues it, or says that it is done.

    Ctrl-C once stops cleanly after the present step; twice stops at once. What was
    finished is kept.

    Parameters
    ----------
    experiment
        A name from `goalscope list experiments`, or the path of your own file, ./mine.py;
        all: every experiment of that list, one after the other, and one table of what
        became of their claims.
    out
        The result folder; by default results/NAME-SIZE-seedSEED. Of all: the folder around
        the result folders; by default results.
    workers
        Processes that compute; by default one for each core.
    json
        Print the result as JSON at the end.
    quiet
        Print no progress.
    """
    from goalscope.cli.running import Asked, run_experiment
    from goalscope.cli.running_all import ALL, run_all

    start = run_all if experiment == ALL else run_experiment
    asked = Asked(experiment, asking.size, asking.seed, asking.set)
    return start(asked, out=out, workers=workers, as_json=json, quiet=quiet)


@app.command
def demo(
    *,
    out: Path = Path("results/demo"),
    seed: int = 0,
    workers: Workers = None,
    json: Json = False,
) -> int:
    """Run the main experiment in its quick form: under a minute on two cores.

    Trains mice where the cheese always lies in the corner, sometimes does, or may lie
    anywhere, and says for each which goal they came to have. Prints the verdict and where
    the report is.

    Parameters
    ----------
    out
        The result folder.
    seed
        Root of all random numbers.
    workers
        Processes that compute; by default one for each core.
    json
        Print the result as JSON at the end.
    """
    from goalscope.cli.running import Asked, run_experiment

    asked = Asked("corner_mixture", "smoke", seed, ())
    return run_experiment(asked, out=out, workers=workers, as_json=json, quiet=False)


@app.command
def show(result: Path, /, *, json: Json = False) -> int:
    """Show the verdicts and tables of a result in the terminal.

    Parameters
    ----------
    result
        The folder that a run wrote.
    json
        Print JSON.
    """
    from goalscope.cli.showing import show_result

    return show_result(result, as_json=json)


@app.command
def report(result: Path, /, *, out: Path | None = None) -> int:
    """Write a result as one self-contained HTML file.

    Parameters
    ----------
    result
        The folder that a run wrote.
    out
        The file; by default the folder's name with .html, beside it.
    """
    from goalscope.cli.showing import write_report

    return write_report(result, out)


@app.command
def replay(
    result: Path,
    /,
    *,
    watching: Watching = USUAL_WATCHING,
    svg: Path | None = None,
) -> int:
    """Watch an agent, in the terminal or as SVG.

    Parameters
    ----------
    result
        The folder that a run wrote.
    svg
        Write the first episode to this file, instead of the terminal.
    """
    from goalscope.cli.replaying import replay_agent

    return replay_agent(result, asdict(watching), svg=svg)


@app.command
def calibrate(
    *instruments: str,
    planting: Planting = USUAL_PLANTING,
    out: Path | None = None,
    workers: Workers = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Put instruments to agents whose goal is known, and say how far to trust them.

    Plants the kinds of `goalscope list zoo` in at least two worlds, measures them, and
    compares: how well agents with and without what the instrument looks for are told apart,
    how often the innocent are convicted, whether intervals hold the truth, what else the
    reading follows. The same command again continues, or says that it is done.

    Parameters
    ----------
    instruments
        Names from `goalscope list instruments`, GoalKind or goal_kind; all that have a
        trial (at size smoke the twelve main ones) if left out.
    out
        The result folder; by default one under results/ that is named after the code.
    workers
        Processes that compute; by default one for each core.
    json
        Print the scorecards as JSON at the end.
    quiet
        Print no progress.
    """
    from goalscope.cli.calibrating import Asked, calibrate

    asked = Asked(instruments, planting.size, planting.half, planting.seed)
    return calibrate(asked, out=out, workers=workers, as_json=json, quiet=quiet)


@app.command
def measure(
    result: Path,
    /,
    *,
    measuring: Measuring,
    out: Path | None = None,
    workers: Workers = None,
    json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Put another instrument to the agents of a result, without training them again.

    Planted agents of the same experiment are measured beside them. What is computed is
    kept in a folder of its own; the same command again continues, or says that it is done.

    Parameters
    ----------
    result
        The folder that a run wrote.
    out
        The folder; by default RESULT-measured-INSTRUMENT, beside the result.
    workers
        Processes that compute; by default one for each core.
    json
        Print the readings as JSON.
    quiet
        Print nothing.
    """
    from goalscope.cli.measuring import Wanted
    from goalscope.cli.measuring import measure as measure_result

    wanted = Wanted(**asdict(measuring))
    return measure_result(
        result, wanted, out=out, workers=workers, as_json=json, quiet=quiet
    )


@app.command
def audit(
    *files: Path,
    auditing: Auditing = USUAL_AUDITING,
    out: Path | None = None,
    json: Json = False,
) -> int:
    """Say which goal an agent has: one of a result, or a policy of your own.

    A policy file is Python, needs nothing but NumPy, and defines

        world = "Corner(shifted_share=1)"

        def policy(view, tokens): ...

    with `view` what the level looks like (for grids: planes, height, width) and `tokens`
    the state as whole numbers (for grids: the mouse's cell, and which moves are blocked
    there). It returns a probability for each action, always the same for the same input.
    Optional are `goals = ("cheese", "corner")`, `returns = "logits"`, and, for speed,
    `policy_batch(view, tokens)` instead of `policy`, for the tokens of several states. The
    file runs in a process of its own, with your rights; docs/examples/audited_policy.py is
    one to begin with.

    Exit code 1 if an agent could not be audited; the others are.

    Parameters
    ----------
    files
        Policy files, or folders that a run wrote.
    out
        The page; by default results/audit-NAME.html.
    json
        Print JSON.
    """
    from goalscope.cli.auditing import Wanted
    from goalscope.cli.auditing import audit as audit_agents

    return audit_agents(files, Wanted(**asdict(auditing)), out=out, as_json=json)


@app.command
def verify(
    *results: Path, rerun: int = 0, workers: Workers = None, json: Json = False
) -> int:
    """Check every checksum of results; compute some cells again and compare the bits.

    Exit code 1 if cells, or the conclusions from them, are missing, 3 if any are damaged.

    Parameters
    ----------
    results
        Folders that runs wrote; what else is named, as by results/*, is passed over.
    rerun
        How many cells to compute again, spread over each result.
    workers
        Processes that compute; by default one for each core.
    json
        Print JSON.
    """
    from goalscope.cli.verifying import verify_results

    return verify_results(results, rerun, workers=workers, as_json=json)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code."""
    sys.exit(guarded(lambda: _run(sys.argv[1:] if arguments is None else arguments)))


def _run(arguments: list[str]) -> int:
    try:
        code = app(arguments, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        complain(f"{_said(error, arguments)} `goalscope --help` lists what there is.")
        return 2
    return code if isinstance(code, int) else 0


def _said(error: CycloptsError, arguments: list[str]) -> str:
    """Return what is wrong with a command line, in a sentence."""
    tokens = error.unused_tokens or []
    if isinstance(error, UnknownCommandError) and tokens:
        commands = [name for name in app if not name.startswith("-")]
        return f"there is no command {tokens[0]!r}. {suggest(tokens[0], commands)}"
    if isinstance(error, UnusedCliTokensError) and tokens:
        many = "is one argument" if len(tokens) == 1 else f"are {len(tokens)} arguments"
        return (
            f"{', '.join(map(repr, tokens))} {many} too many: see `goalscope "
            f"{arguments[0]} --help`."
        )
    return f"{str(error).rstrip('.')}."
