"""What `onefold check` prints: the gates' latest verdicts."""

from collections.abc import Sequence

from expectations.pages import Line, latest_lines
from expectations.state import ensure_state
from warehouse.connection import connect

RUN_ID = "check"
_WIDTH = 140
"""Columns that hold every name whole: people copy them into queries."""
_COLOURS = {
    "passed": "green",
    "warned": "yellow",
    "quarantined": "magenta",
    "blocked": "bold red",
    "error": "bold red",
}


def run(as_of: str = "") -> list[Line]:
    """Judge the marts now, as run `check`, and return the lines of the verdict."""
    from expectations.gates import gate_marts
    from ops.clock import of_command

    gate_marts(RUN_ID, of_command(as_of))
    return [line for line in latest() if line.gate == "marts"]


def latest() -> list[Line]:
    """The last verdict of every gate, one line an expectation."""
    with connect("check", read_only=True) as con:
        ensure_state(con)
        return latest_lines(con)


def show(lines: Sequence[Line]) -> None:
    """Print one row per expectation, what did not pass first."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    if not lines:
        print("no gate has judged anything yet")
        return
    order = list(_COLOURS)
    table = Table("gate", "status", "expectation", "bad rows", "of", "what to know", box=None)
    for column in table.columns[:5]:
        column.no_wrap = True
    for line in sorted(lines, key=lambda line: (line.gate, -order.index(line.status))):
        table.add_row(
            line.gate,
            f"[{_COLOURS[line.status]}]{line.status}[/]",
            line.expectation_id,
            "" if line.unexpected_rows is None else str(line.unexpected_rows),
            "" if line.evaluated_rows is None else str(line.evaluated_rows),
            escape(line.message or ""),
        )
    console = Console()
    console.width = max(console.width, _WIDTH)
    console.print(table)
