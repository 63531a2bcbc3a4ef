"""Files that are as they were when they were last read are not read again.

A file is known by its content, and to name a content all of it must be read: every night, for years
of history. So what a file looked like from outside is kept beside its ledger row, as rsync and git
do. What has been written to in the last moments is not trusted: a clock may be too coarse to tell.
"""

import time
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa

from ingestion import ledger
from ingestion.load import FileResult, from_row
from ingestion.sources import Table
from warehouse.connection import transaction

_SETTLED_NS = 2_000_000_000
"""Nanoseconds that must have passed since the last write."""
_OUTCOMES = {"loaded": "already_loaded", "duplicate": "duplicate"}


class Stamp(NamedTuple):
    """A file from outside: bytes on disk, and when it was last written to."""

    bytes: int
    modified_ns: int


class Seen:
    """What was seen of each file when its content was last loaded or found to be loaded."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        rows = {row["load_id"]: row for row in ledger.rows(con) if row["status"] in _OUTCOMES}
        found = con.execute("select file, bytes, modified_ns, load_id from state.seen_files")
        self._known: dict[str, tuple[Stamp, dict[str, Any]]] = {
            file: (Stamp(size, modified), rows[load_id])
            for file, size, modified, load_id in found.fetchall()
            if load_id in rows
        }
        self._fresh: dict[str, tuple[Stamp, str]] = {}

    def unchanged(self, file: str, stamp: Stamp | None, table: Table) -> FileResult | None:
        """What became of the file, where it looks as it did and would go to the same table."""
        if file not in self._known:
            return None
        seen, row = self._known[file]
        if seen != stamp or (row["source"], row["object"]) != (table.source, table.name):
            return None
        return FileResult(_OUTCOMES[row["status"]], from_row(row))

    def note(self, file: str, stamp: Stamp | None, result: FileResult) -> None:
        """Remember how the file looked before it was read, if its content is in the ledger now."""
        settled = stamp and stamp.modified_ns < time.time_ns() - _SETTLED_NS
        if stamp and settled and result.load.status in _OUTCOMES and result.load.load_id:
            self._fresh[file] = (stamp, result.load.load_id)

    def write(self, con: duckdb.DuckDBPyConnection) -> None:
        """Keep what was noted."""
        if not self._fresh:
            return
        con.register("_seen", pa.Table.from_pylist(
            [{"file": f, **s._asdict(), "load_id": i} for f, (s, i) in self._fresh.items()]
        ))  # fmt: skip
        with transaction(con):
            con.execute("delete from state.seen_files where file in (select file from _seen)")
            con.execute("insert into state.seen_files by name select * from _seen")
        con.unregister("_seen")


def stamp(path: Path) -> Stamp | None:
    """How the file looks now; None where that cannot be seen."""
    try:
        found = path.stat()
    except OSError:
        return None
    return Stamp(found.st_size, found.st_mtime_ns)
