"""What a person sees while files arrive and land."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, TextColumn, TransferSpeedColumn
from rich.progress import Progress as Bars

from ingestion.arrivals import Arrival, Listener
from ingestion.landing import Progress
from ingestion.load import FileResult


def progress(results: list[FileResult], as_json: bool) -> Progress:
    """Collect every result, and say a line about each that is not old news."""

    def note(result: FileResult) -> None:
        results.append(result)
        if not as_json and result.outcome != "already_loaded":
            load = result.load
            amount = load.bytes if result.outcome == "would_fetch" else load.rows_loaded
            unit = "bytes" if result.outcome == "would_fetch" else ""
            typer.echo(f"{result.outcome:>11}  {amount:>9,} {unit:<5} {load.file}")

    return note


@contextmanager
def listener(as_json: bool) -> Iterator[Listener]:
    """A line for each fetched file; on a terminal also a bar while one is running."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(),
               TransferSpeedColumn())  # fmt: skip
    shown = sys.stderr.isatty() and not as_json
    with Bars(
        *columns, console=Console(file=sys.stderr), transient=True, disable=not shown
    ) as bars:
        running: dict[str, Any] = {}

        def bytes_so_far(file: str, done: int, total: int) -> None:
            if file not in running:
                running[file] = bars.add_task(file, total=total)
            bars.update(running[file], completed=done)

        def settled(arrival: Arrival) -> None:
            if arrival.file in running:
                bars.remove_task(running.pop(arrival.file))
            if arrival.outcome == "fetched" and not as_json:
                typer.echo(f"{'fetched':>11}  {arrival.bytes:>9,} bytes {arrival.file}")

        yield Listener(settled, bytes_so_far)
