"""Everything a run lands: what inboxes and APIs hold is put into the landing folder, then landed.

A file that cannot be fetched is a refused row of the ledger under its URI, until it can be.
"""

import fcntl
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import date

import duckdb

from ingestion import ledger
from ingestion.errors import InboxError
from ingestion.landing import (
    UNRECOGNISED,
    LandingSummary,
    Progress,
    dry_run_landing,
    ingest_landing,
    summarise,
)
from ingestion.ledger import Load
from ingestion.load import FileResult, ingest_file, refuse
from ingestion.sources import Table, match_file, read_tables
from warehouse.connection import connect, transaction
from warehouse.settings import settings

INBOX = "(inbox)"


@dataclass(frozen=True)
class Arrival:
    """What became of one file elsewhere, or of a place that could not be listed.

    outcome: fetched, present (the landing folder has it already), would_fetch (a dry run) or
    failed. `file` is its name in the landing folder, empty for a whole place.
    """

    outcome: str
    uri: str
    file: str = ""
    bytes: int = 0
    message: str = ""


@dataclass(frozen=True)
class Listener:
    """Hears how fetching goes on: of each settled file, and of the bytes so far of all of it."""

    settled: Callable[[Arrival], None] = lambda _: None
    bytes: Callable[[str, int, int], None] = lambda *_: None


SILENT = Listener()


@contextmanager
def alone() -> Iterator[None]:
    """One process at a time puts files into the landing folder. InboxError if another does."""
    s = settings()
    s.landing.mkdir(parents=True, exist_ok=True)
    s.home.mkdir(parents=True, exist_ok=True)
    with (s.home / "fetch.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InboxError(
                f"another process is fetching ({s.home / 'fetch.lock'}); wait for its end"
            ) from None
        yield


def ingest_all(
    run_id: str = "",
    progress: Progress | None = None,
    listen: Listener = SILENT,
    *,
    only: Sequence[str] | None = None,
    dry_run: bool = False,
    day: date | None = None,
) -> LandingSummary:
    """Fetch what is new in every inbox and API, then land every file that has not landed yet.

    `only` limits landing to those names, and to what is fetched from those URIs; `day` limits all
    of it to the files whose path names it, and asks no API. A dry run lists what it would fetch and
    checks what is there. Raises InboxError where an inbox is not set up
    right, DeclarationError where a source YAML cannot be used.
    """
    from ingestion.dlt_adapter import pull
    from ingestion.remote import mirror

    arrived = mirror(listen, dry_run=dry_run, day=day)
    if not dry_run and day is None:
        arrived += pull(settings().pulls.split(), listen)
    if only is not None:
        only = [*only, *(a.file for a in arrived if a.uri in only and a.outcome == "fetched")]
    results: list[FileResult] = []

    def note(result: FileResult) -> None:
        results.append(result)
        if progress:
            progress(result)

    if dry_run:
        dry_run_landing(note, only=only)
    else:
        ingest_landing(run_id, note, only=only, day=day)
    for result in _recorded(arrived, run_id, dry_run):
        note(result)
    return summarise(results)


def land_arrived(arrived: Sequence[Arrival], progress: Progress) -> None:
    """Land these arrivals alone, whatever else the landing folder holds."""
    tables = read_tables()
    with connect("ingestion") as con:
        ledger.prepare(con, tables)
        for arrival in arrived:
            table = match_file(tables, arrival.file).table if arrival.file else None
            if arrival.outcome == "failed":
                progress(_record(con, arrival, tables, "", dry_run=False))
                continue
            with transaction(con):
                ledger.supersede(con, [arrival.uri], [])
            if table:
                path = settings().landing / arrival.file
                progress(ingest_file(con, path, table, file=arrival.file))


def _recorded(arrived: Sequence[Arrival], run_id: str, dry_run: bool) -> list[FileResult]:
    """Refusals go last: landing closes those of files that are not in its folder."""
    notable = [a for a in arrived if a.outcome in ("failed", "would_fetch")]
    if not notable:
        return []
    tables = read_tables()
    opened: AbstractContextManager[duckdb.DuckDBPyConnection] = (
        duckdb.connect() if dry_run else connect("ingestion")
    )
    with opened as con:
        if not dry_run:
            ledger.prepare(con, tables)
        return [_record(con, arrival, tables, run_id, dry_run) for arrival in notable]


def _record(
    con: duckdb.DuckDBPyConnection,
    arrival: Arrival,
    tables: Sequence[Table],
    run_id: str,
    dry_run: bool,
) -> FileResult:
    table = match_file(tables, arrival.file).table if arrival.file else None
    folder = arrival.file.split("/")[0] if "/" in arrival.file else INBOX
    source, name = (table.source, table.name) if table else (folder, UNRECOGNISED)
    stub = Load(source, name, arrival.uri, "", "refused", bytes=arrival.bytes)
    if arrival.outcome == "failed":
        return refuse(con, stub, arrival.message, run_id=run_id, dry_run=dry_run)
    message = f"{arrival.file}: would be fetched from {arrival.uri}, {arrival.bytes:,} bytes"
    return FileResult("would_fetch", replace(stub, file=arrival.file, message=message))
