"""What `onefold check` prints: the gates' latest verdicts."""

from collections.abc import Sequence

from expectations.errors import ExpectationsError
from expectations.pages import Line, latest_lines
from warehouse.connection import connect
from warehouse.settings import settings

RUN_ID = "check"
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

    gate_marts(RUN_ID, clock(as_of))
    return [line for line in latest() if line.gate == "marts"]


def latest() -> list[Line]:
    """The last verdict of every gate, one line an expectation."""
    with connect("check", read_only=True) as con:
        return latest_lines(con)


def clock(as_of: str = "") -> str:
    """The moment to judge at: as given, ONEFOLD_AS_OF, or that of the last run."""
    if moment := as_of or settings().as_of:
        return moment
    with connect("check", read_only=True) as con:
        for table in ("runs", "gate_results"):
            found = con.execute(
                "select 1 from duckdb_tables() where schema_name = 'state' and table_name = ?",
                [table],
            ).fetchone()
            row = found and con.execute(f"select max(as_of) from state.{table}").fetchone()
            if row and row[0]:
                return str(row[0].isoformat(sep=" "))
    raise ExpectationsError("expected an earlier run to take the clock from; pass --as-of")


def show(lines: Sequence[Line]) -> None:
    """Print one row per expectation, what did not pass first."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    order = list(_COLOURS)
    table = Table("gate", "status", "expectation", "bad rows", "of", "what to know", box=None)
    for line in sorted(lines, key=lambda line: (line.gate, -order.index(line.status))):
        table.add_row(
            line.gate,
            f"[{_COLOURS[line.status]}]{line.status}[/]",
            line.expectation_id,
            "" if line.unexpected_rows is None else str(line.unexpected_rows),
            "" if line.evaluated_rows is None else str(line.evaluated_rows),
            escape(line.message or ""),
        )
    Console(soft_wrap=True).print(table)
