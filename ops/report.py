"""The end of a run: what happened, as data and as a table to read."""

import io
from typing import Any

import duckdb
from rich.console import Console
from rich.table import Table

from ops import progress
from ops.state import previous_checksum
from warehouse.checksum import combined, table_checksums
from warehouse.settings import settings


def summarise(con: duckdb.DuckDBPyConnection, run_id: str, as_of: str) -> dict[str, Any]:
    """All that the final table shows, as JSON-ready data without personal data.

    `exit_code` is 0 when nothing was refused, rejected or blocked, else 1; `problems` says what.
    """
    stages = [
        {"stage": e["stage"], "status": e["event"], "seconds": e["seconds"], "detail": e["detail"]}
        for e in progress.read(run_id)
        if e["event"] != "started"
    ]
    problems = [f"stage {s['stage']} failed" for s in stages if s["status"] == "failed"]
    checksum = combined(table_checksums(con))
    return {
        "run_id": run_id,
        "as_of": as_of,
        "marts": {"checksum": checksum, "unchanged": checksum == previous_checksum(con, run_id)},
        "stages": stages,
        "problems": problems,
        "status": "failed" if problems else "done",
        "exit_code": 1 if problems else 0,
    }


def render(summary: dict[str, Any]) -> str:
    """The final table."""
    out = Console(file=io.StringIO(), width=100, force_terminal=False)
    s = settings()
    table = Table(title=f"cdp_daily, as of {summary['as_of']}", title_justify="left")
    table.add_column("stage")
    table.add_column("outcome")
    table.add_column("seconds", justify="right")
    for stage in summary["stages"]:
        table.add_row(stage["stage"], stage["status"], f"{stage['seconds']:.1f}")
    out.print(table)
    for problem in summary["problems"]:
        out.print(f"✗ {problem}", soft_wrap=True)
    out.print(f"published file  {s.published}", soft_wrap=True)
    assert isinstance(out.file, io.StringIO)
    return out.file.getvalue()
