"""Landing one file: read it, check it, commit its rows and its ledger row together."""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from ingestion import ledger
from ingestion.binary import by_row, find_sheet, is_parquet, is_workbook, parquet_text
from ingestion.content import Content, decode, read_content
from ingestion.csv_reader import read_csv
from ingestion.errors import FileMoved, FileRefused
from ingestion.json_reader import read_jsonl
from ingestion.languages import as_cells
from ingestion.ledger import Load
from ingestion.reading import LINE, Reading
from ingestion.sources import Table
from ingestion.tombstones import withhold
from warehouse.connection import transaction


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


def read_file(con: duckdb.DuckDBPyConnection, content: Content, table: Table) -> Reading:
    """Read and check one file's bytes without writing anything.

    Raises FileRefused, with a message that names what was expected, what came and what to do.
    """
    reader = read_csv if table.dialect.format == "csv" else read_jsonl
    if is_workbook(content.raw):
        reading = _read_workbook(con, content.raw, table)
    elif is_parquet(content.raw):
        found = parquet_text(con, content.raw, table)
        reading = by_row(reader(con, found.data, table), found.starts, format="parquet")
    else:
        text = decode(content.raw, table.dialect.encodings)
        reading = reader(con, text.data, table)
        reading.checks["encoding"] = text.encoding
    if content.packed:
        reading.checks["packed"] = content.packed
    if not reading.balanced:
        raise FileRefused(
            f"two readers disagree: {reading.rows_in} records in, but {reading.rows.num_rows} rows "
            f"+ {len(reading.rejects)} rejected + {reading.skipped} skipped"
        )
    return reading


def _read_workbook(con: duckdb.DuckDBPyConnection, raw: bytes, table: Table) -> Reading:
    if table.dialect.format != "csv":
        raise FileRefused(f"is a spreadsheet: expected {table.dialect.format}; export it so")
    sheet = find_sheet(raw, table)
    reading = read_csv(con, sheet.data, as_cells(table))
    return by_row(reading, sheet.starts, format="xlsx", sheet=sheet.name)


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
    except FileMoved as moved:
        return FileResult("deferred", replace(stub, status="deferred", message=str(moved)))
    except FileRefused as refusal:
        return refuse(con, stub, str(refusal), run_id=run_id, dry_run=dry_run)
    stub = replace(stub, content_hash=content.sha256, bytes=len(content.raw))
    if not dry_run:
        earlier = ledger.known(con, table, content.sha256)
        if earlier:
            return _already(con, stub, earlier, run_id)
    try:
        reading = read_file(con, content, table)
    except FileRefused as refusal:
        return refuse(con, stub, str(refusal), run_id=run_id, dry_run=dry_run)
    if not dry_run:
        reading = withhold(con, reading, table)
    load = _account(stub, reading)
    if dry_run:
        return FileResult("checked", replace(load, status="checked"))
    return _commit(con, load, reading, table, run_id)


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
        return FileResult("already_loaded", _from_row(earlier))
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


def _account(stub: Load, reading: Reading) -> Load:
    notes = []
    if not reading.rows_in:
        notes.append("holds a header and no rows")
    if reading.rejects:
        count, first = len(reading.rejects), reading.rejects[0].line
        notes.append(f"{count} line{'s' * (count > 1)} rejected, the first on line {first}")
    if "erased" in reading.checks:
        notes.append(f"{reading.checks['erased']} rows of erased people left out")
    if reading.undeclared:
        notes.append(f"not declared, so not loaded: {', '.join(reading.undeclared)}")
    return replace(
        stub,
        status="loaded",
        message=f"{stub.file}: {'; '.join(notes)}" if notes else "",
        rows_in=reading.rows_in,
        rows_loaded=reading.rows.num_rows,
        rows_rejected=len(reading.rejects),
        rows_skipped=reading.skipped,
        checks=reading.checks,
        undeclared_columns=reading.undeclared,
        missing_optional=reading.missing_optional,
        currency=reading.currency,
        time_zone=reading.time_zone,
        is_partial=reading.is_partial,
    )


def _commit(
    con: duckdb.DuckDBPyConnection, load: Load, reading: Reading, table: Table, run_id: str
) -> FileResult:
    at = _now()
    with transaction(con):
        sequence = ledger.next_sequence(con)
        load = replace(load, load_seq=sequence, load_id=ledger.load_id(sequence, load.content_hash))
        _insert(con, reading.rows, load, table, at)
        ledger.write_rejects(con, load, reading.rejects)
        ledger.supersede(con, [load.file], [])
        ledger.write(con, load, run_id, at)
    return FileResult("loaded", load, is_new=True)


def _insert(
    con: duckdb.DuckDBPyConnection, rows: pa.Table, load: Load, table: Table, at: datetime
) -> None:
    names = [name for name in ledger.text_columns(table) if name in rows.column_names]
    listed = ", ".join(ledger.quote(name) for name in names)
    con.register("_incoming", rows)
    con.execute(
        f"insert into {ledger.raw_name(table)} ({listed}, {', '.join(ledger.LINEAGE)}) "
        f"select {listed}, ?, {LINE}, ?, ? from _incoming",
        [load.file, load.load_id, at],
    )
    con.unregister("_incoming")


def _from_row(row: dict[str, Any]) -> Load:
    fields = {k: row[k] for k in Load.__dataclass_fields__ if k in row}
    fields["checks"] = json.loads(row["checks"])
    fields["message"] = row["message"] or ""
    fields["undeclared_columns"] = tuple(row["undeclared_columns"])
    fields["missing_optional"] = tuple(row["missing_optional"])
    return Load(**fields)


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
