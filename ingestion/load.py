"""Landing one file: read it, check it, commit its rows and its ledger row together."""

import hashlib
import json
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from ingestion import ledger
from ingestion.content import Content, read_content
from ingestion.errors import FileMoved, FileRefused
from ingestion.ledger import Load
from ingestion.order import data_as_of, file_as_of, later
from ingestion.parts import read_parts
from ingestion.reading import LINE, NOTHING, Reading
from ingestion.sources import Table
from ingestion.tombstones import Erased
from warehouse.connection import transaction

_GROUP = 122_880
"""Rows that DuckDB compresses together; whole groups are written before the commit."""
_BATCH = 2 * _GROUP
"""Rows to wait for: two groups are written on two cores."""


@dataclass(frozen=True)
class FileResult:
    """What happened to one file.

    outcome: loaded, already_loaded, duplicate, refused, deferred (still being written) or checked
    (a dry run). `is_new` says that this call wrote a ledger row that was not there.
    """

    outcome: str
    load: Load
    is_new: bool = False

    @property
    def ok(self) -> bool:
        """This call neither refused the file nor rejected a line of it."""
        fresh = self.outcome in ("loaded", "checked")
        return self.outcome != "refused" and not (fresh and self.load.rows_rejected)


def ingest_file(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    table: Table,
    *,
    file: str = "",
    run_id: str = "",
    dry_run: bool = False,
) -> FileResult:
    """Land one file exactly once: its content is loaded into its table by one transaction or never.

    `file` is the name the ledger knows it by, relative to the landing folder (default:
    `<source>/<name>`). A refusal is recorded and returned, not raised. `dry_run` writes nothing and
    does not look at the ledger. Call `ledger.prepare` first.
    """
    stub = Load(table.source, table.name, file or f"{table.source}/{path.name}", "", "refused")
    try:
        content = read_content(path)
        stub = replace(stub, content_hash=content.digest, bytes=content.size)
        stub = replace(stub, file_as_of=file_as_of(stub.file, {}, table))
        if dry_run:
            return FileResult("checked", _check(con, stub, content, table))
        earlier = ledger.known(con, table, content.digest)
        if earlier:
            return _already(con, stub, earlier, run_id)
        return FileResult("loaded", _load(con, stub, content, table, run_id), is_new=True)
    except FileMoved as moved:
        return FileResult("deferred", replace(stub, status="deferred", message=str(moved)))
    except FileRefused as refusal:
        return refuse(con, stub, str(refusal), run_id=run_id, dry_run=dry_run)


def refuse(
    con: duckdb.DuckDBPyConnection, stub: Load, message: str, *, run_id: str, dry_run: bool = False
) -> FileResult:
    """Record that a file was refused; the same refusal again adds no ledger row."""
    seed = stub.content_hash or hashlib.sha256(stub.file.encode()).hexdigest()
    load = replace(stub, content_hash=seed, status="refused", message=f"{stub.file}: {message}")
    load = replace(load, load_id=ledger.entry_id(load))
    if dry_run:
        return FileResult("refused", load)
    before = ledger.recorded(con, load)
    if before is None or before["message"] != load.message:
        with transaction(con):
            ledger.supersede(con, [load.file], [load.load_id])
            ledger.write(con, load, run_id, _now())
    return FileResult("refused", load, is_new=before is None)


def _already(
    con: duckdb.DuckDBPyConnection, stub: Load, earlier: dict[str, Any], run_id: str
) -> FileResult:
    """The content is loaded: under this name there is nothing to do, another name is noted."""
    if earlier["file"] == stub.file:
        return FileResult("already_loaded", from_row(earlier))
    load = replace(
        stub,
        status="duplicate",
        message=f"{stub.file}: same content as {earlier['file']}, loaded as {earlier['load_id']}",
    )
    load = replace(load, load_id=ledger.entry_id(load))
    is_new = ledger.recorded(con, load) is None
    if is_new:
        with transaction(con):
            ledger.supersede(con, [load.file], [])
            ledger.write(con, load, run_id, _now())
    return FileResult("duplicate", load, is_new)


@dataclass
class _Account:
    """What the parts of a file come to."""

    table: Table
    rows_in: int = 0
    loaded: int = 0
    rejected: int = 0
    skipped: int = 0
    erased: int = 0
    first_rejected: int = 0
    """Line of the first rejected record."""
    data_as_of: datetime | None = None

    def add(self, part: Reading) -> None:
        """Take in one part."""
        if part.rejects and not self.rejected:
            self.first_rejected = part.rejects[0].line
        self.rows_in += part.rows_in
        self.loaded += part.rows.num_rows
        self.rejected += len(part.rejects)
        self.skipped += part.skipped
        self.erased += part.checks.get("erased", 0)
        self.data_as_of = later(self.data_as_of, data_as_of(part.rows, self.table))

    def of(self, stub: Load, last: Reading, status: str) -> Load:
        """The ledger's row; `last` is the part that speaks for the whole file."""
        checks = last.checks | ({"erased": self.erased} if self.erased else {})
        notes = []
        if not self.rows_in:
            notes.append("holds a header and no rows")
        if self.rejected:
            many = "s" * (self.rejected > 1)
            notes.append(
                f"{self.rejected} line{many} rejected, the first on line {self.first_rejected}"
            )
        if self.erased:
            notes.append(f"{self.erased} rows of erased people left out")
        if last.undeclared:
            notes.append(f"not declared, so not loaded: {', '.join(last.undeclared)}")
        return replace(
            stub,
            status=status,
            message=f"{stub.file}: {'; '.join(notes)}" if notes else "",
            rows_in=self.rows_in,
            rows_loaded=self.loaded,
            rows_rejected=self.rejected,
            rows_skipped=self.skipped,
            checks=checks,
            undeclared_columns=last.undeclared,
            missing_optional=last.missing_optional,
            currency=last.currency,
            time_zone=last.time_zone,
            is_partial=last.is_partial,
            file_as_of=file_as_of(stub.file, checks.get("captured", {}), self.table),
            data_as_of=self.data_as_of,
        )


def _check(con: duckdb.DuckDBPyConnection, stub: Load, content: Content, table: Table) -> Load:
    """Read a file to its end and write nothing."""
    account, part = _Account(table), NOTHING
    for part in read_parts(con, content, table):
        account.add(part)
    return account.of(stub, part, "checked")


def _load(
    con: duckdb.DuckDBPyConnection, stub: Load, content: Content, table: Table, run_id: str
) -> Load:
    """Write a file's parts as they are read; all of them and the ledger's row, or nothing."""
    at, account, part = _now(), _Account(table), NOTHING
    with transaction(con):
        sequence = ledger.next_sequence(con)
        load_id = ledger.load_id(sequence, stub.content_hash)
        stub = replace(stub, load_seq=sequence, load_id=load_id)
        with con.cursor() as reader:
            erased = Erased.read(con)
            parts = read_parts(
                reader, content, table, lambda part: erased.withhold(reader, part, table)
            )
            waiting: list[pa.Table] = []
            # Whatever ends this, the reading threads end before their cursor does.
            with closing(parts):
                for part in parts:
                    ledger.write_rejects(con, stub, part.rejects)
                    account.add(part)
                    waiting.append(part.rows)
                    if sum(map(len, waiting)) >= _BATCH:
                        rows = pa.concat_tables(waiting)
                        whole = len(rows) - len(rows) % _GROUP
                        _insert(con, rows.slice(0, whole), stub, table, at)
                        waiting = [rows.slice(whole)]
            if waiting:
                _insert(con, pa.concat_tables(waiting), stub, table, at)
        content.confirm()
        load = account.of(stub, part, "loaded")
        ledger.supersede(con, [load.file], [])
        ledger.write(con, load, run_id, at)
    return load


def _insert(
    con: duckdb.DuckDBPyConnection, rows: pa.Table, load: Load, table: Table, at: datetime
) -> None:
    names = [name for name in ledger.text_columns(table) if name in rows.column_names]
    listed = ", ".join(ledger.quote(name) for name in names)
    batches = rows.combine_chunks().to_batches(_GROUP)
    con.register("_incoming", pa.Table.from_batches(batches, rows.schema))
    con.execute(
        f"insert into {ledger.raw_name(table)} ({listed}, {', '.join(ledger.LINEAGE)}) "
        f"select {listed}, ?, {LINE}, ?, ? from _incoming",
        [load.file, load.load_id, at],
    )
    con.unregister("_incoming")


def from_row(row: dict[str, Any]) -> Load:
    """A ledger row, as `ledger.rows` gives it, as a Load."""
    fields = {k: row[k] for k in Load.__dataclass_fields__ if k in row}
    fields["checks"] = json.loads(row["checks"])
    fields["message"] = row["message"] or ""
    fields["undeclared_columns"] = tuple(row["undeclared_columns"])
    fields["missing_optional"] = tuple(row["missing_optional"])
    return Load(**fields)


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
