"""The landing folder: which files are there, in which order, and what became of each."""

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from ingestion import ledger
from ingestion.content import read_content
from ingestion.errors import FileMoved, FileRefused
from ingestion.ledger import Load
from ingestion.load import FileResult, ingest_file, refuse
from ingestion.partitions import place
from ingestion.seen import Seen, stamp
from ingestion.sources import Table, match_file, read_tables
from warehouse.connection import connect, transaction
from warehouse.settings import settings

UNRECOGNISED = "(unrecognised)"
_UNFINISHED = (".tmp", ".part", ".partial", ".crdownload")
_MARKERS = ("_ready", "_success")

Progress = Callable[[FileResult], None]


@dataclass(frozen=True)
class SourceSummary:
    """What one source brought in one run; counts of rows are of newly loaded files only."""

    source: str
    files: int = 0
    new_files: int = 0
    rows_loaded: int = 0
    rows_rejected: int = 0
    rows_skipped: int = 0
    refused: tuple[str, ...] = ()
    deferred: tuple[str, ...] = ()


@dataclass(frozen=True)
class LandingSummary:
    """What a run over the landing folder did. Holds names and counts, no personal data."""

    sources: tuple[SourceSummary, ...]

    @property
    def rows_loaded(self) -> int:
        """Rows that are new in the warehouse."""
        return sum(s.rows_loaded for s in self.sources)

    @property
    def rows_rejected(self) -> int:
        """Malformed lines of newly loaded files."""
        return sum(s.rows_rejected for s in self.sources)

    @property
    def refused(self) -> tuple[str, ...]:
        """One message per file that stands refused."""
        return tuple(message for s in self.sources for message in s.refused)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


class _Item:
    """A landed file with its place in the order."""

    def __init__(self, path: Path, file: str, tables: Sequence[Table]) -> None:
        self.path, self.file = path, file
        self.day = place(file).day
        self.table, self.problem = match_file(tables, file)
        if _is_closed(path):
            self.table, self.problem = None, "is a folder that cannot be read; open it to this user"
        order = self.table.order if self.table else 1_000_000
        self.sort_key = (order, file)


def files(landing: Path) -> Iterator[tuple[Path, str]]:
    """Files that have finished arriving, with their name relative to `landing`.

    A folder that cannot be read stands for the files in it.
    """
    for path in sorted(landing.rglob("*")):
        name = path.relative_to(landing).as_posix()
        if is_export(name) and (path.is_file() or path.is_symlink() or _is_closed(path)):
            yield path, name


def is_export(name: str) -> bool:
    """Is this path ours? Hidden files, unfinished downloads and `_READY` markers are not."""
    parts = name.split("/")
    hidden = any(part.startswith(".") and part not in (".", "..") for part in parts)
    last = parts[-1].lower()
    return not (hidden or last in _MARKERS or last.endswith(_UNFINISHED))


def _is_closed(path: Path) -> bool:
    return path.is_dir() and not os.access(path, os.R_OK | os.X_OK)


def ingest_landing(
    run_id: str = "",
    progress: Progress | None = None,
    *,
    only: Sequence[str] | None = None,
    day: date | None = None,
) -> LandingSummary:
    """Land every file of the landing folder that has not landed yet, in source and name order.

    One file's refusal never stops the others. `only` limits the run to those file names, `day` to
    the files whose path names it. Opens the warehouse itself. Raises DeclarationError where a
    source YAML cannot be used.
    """
    tables = read_tables()
    landing = settings().landing
    items = sorted(
        (_Item(path, file, tables) for path, file in files(landing)), key=lambda i: i.sort_key
    )
    results = []
    with connect(holder="ingestion") as con:
        ledger.prepare(con, tables)
        seen = Seen(con)
        for item in items:
            if (only is not None and item.file not in only) or day not in (None, item.day):
                continue
            results.append(_once(con, item, run_id, seen))
            if progress:
                progress(results[-1])
        seen.write(con)
        _close_gone(con, {item.file for item in items})
    return summarise(results)


def dry_run_landing(
    progress: Progress | None = None, *, only: Sequence[str] | None = None
) -> LandingSummary:
    """Read and check the files of the landing folder; neither needs nor touches the warehouse."""
    tables = read_tables()
    results = []
    with duckdb.connect() as con:
        for path, file in files(settings().landing):
            if only is not None and file not in only:
                continue
            item = _Item(path, file, tables)
            results.append(_ingest(con, item, "", dry_run=True))
            if progress:
                progress(results[-1])
    return summarise(results)


def _once(con: duckdb.DuckDBPyConnection, item: _Item, run_id: str, seen: Seen) -> FileResult:
    """Land a file, unless it looks as it did when it landed."""
    looks = stamp(item.path)
    found = seen.unchanged(item.file, looks, item.table) if item.table else None
    if found is None:
        found = _ingest(con, item, run_id)
        seen.note(item.file, looks, found)
    return found


def _ingest(
    con: duckdb.DuckDBPyConnection, item: _Item, run_id: str, dry_run: bool = False
) -> FileResult:
    if item.table:
        return ingest_file(
            con, item.path, item.table, file=item.file, run_id=run_id, dry_run=dry_run
        )
    name = place(item.file).file
    source = name.split("/")[0] if "/" in name else UNRECOGNISED
    stub = Load(source, UNRECOGNISED, item.file, "", "refused")
    try:
        content = read_content(item.path)
        stub = replace(stub, content_hash=content.digest, bytes=content.size)
    except (FileRefused, FileMoved):
        pass  # the name alone is reason enough
    return refuse(con, stub, item.problem, run_id=run_id, dry_run=dry_run)


def _close_gone(con: duckdb.DuckDBPyConnection, present: set[str]) -> None:
    """Refusals of files that have been taken away are over."""
    gone = [file for file in ledger.refused_files(con) if file not in present]
    if gone:
        with transaction(con):
            ledger.supersede(con, gone, [])


def summarise(results: Sequence[FileResult]) -> LandingSummary:
    """Add up what happened to the files, per source, in order of appearance."""
    sources: dict[str, SourceSummary] = {}
    for result in results:
        load = result.load
        s = sources.get(load.source, SourceSummary(load.source))
        landed = load if result.outcome in ("loaded", "checked") else None
        sources[load.source] = SourceSummary(
            load.source,
            s.files + 1,
            s.new_files + (landed is not None),
            s.rows_loaded + (landed.rows_loaded if landed else 0),
            s.rows_rejected + (landed.rows_rejected if landed else 0),
            s.rows_skipped + (landed.rows_skipped if landed else 0),
            (*s.refused, load.message) if result.outcome == "refused" else s.refused,
            (*s.deferred, load.file) if result.outcome == "deferred" else s.deferred,
        )
    return LandingSummary(tuple(sources.values()))
