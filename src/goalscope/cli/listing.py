"""`goalscope list`: what there is, read from docstrings."""

from rich.table import Table
from rich.text import Text

from goalscope.cli.console import console, print_json, say, show
from goalscope.discovery import KINDS, find
from goalscope.report.cleaning import clean


def list_kinds(kind: str | None, *, as_json: bool) -> int:
    """Print one line for each thing of a kind, or of all kinds, and return 0."""
    kinds = KINDS if kind is None else (kind,)
    entries = {each: find(each) for each in kinds}
    if as_json:
        print_json(
            {
                each: [{"name": e.name, "summary": e.summary} for e in found]
                for each, found in entries.items()
            }
        )
        return 0
    terminal = console()
    for each, found in entries.items():
        say(terminal, each, style="bold")
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 2))
        table.add_column(no_wrap=True)
        table.add_column()
        for entry in found:
            table.add_row(Text(clean(entry.name)), Text(clean(entry.summary)))
        show(terminal, table)
    return 0
