"""The ledger of files: `state.loads` and `state.rejects`, and the raw tables themselves.

A file is known by the content it had (`content_hash`), so it lands once whatever it is called.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import duckdb
import pyarrow as pa

from ingestion.order import LOAD_ORDER
from ingestion.reading import LINE, Reject
from ingestion.sources import Table, read_tables
from ingestion.tombstones import TOMBSTONES
from warehouse.connection import transaction

LOADS = """
create table if not exists state.loads (
    load_id varchar not null,
    load_seq bigint,
    source varchar not null,
    object varchar not null,
    file varchar not null,
    content_hash varchar not null,
    rewritten_hash varchar,
    status varchar not null,
    message varchar,
    rows_in bigint not null,
    rows_loaded bigint not null,
    rows_rejected bigint not null,
    rows_skipped bigint not null,
    checks varchar not null,
    undeclared_columns varchar[] not null,
    missing_optional varchar[] not null,
    currency varchar,
    time_zone varchar,
    is_partial boolean not null,
    bytes bigint not null,
    run_id varchar,
    loaded_at timestamp not null,
    file_as_of timestamp,
    data_as_of timestamp
)
"""
ADDED = {"file_as_of": "timestamp", "data_as_of": "timestamp"}
"""Columns that a ledger of an earlier version lacks; null for what landed before."""
REJECTS = """
create table if not exists state.rejects (
    load_id varchar not null,
    source varchar not null,
    object varchar not null,
    file varchar not null,
    line bigint not null,
    raw_text varchar not null,
    reason varchar not null
)
"""
SEEN = """
create table if not exists state.seen_files (
    file varchar not null,
    bytes bigint not null,
    modified_ns bigint not null,
    load_id varchar not null
)
"""
"""How a file looked when its content was last found in the ledger: see `ingestion/seen.py`."""
LINEAGE = {"_file": "varchar", LINE: "bigint", "_load_id": "varchar", "_loaded_at": "timestamp"}


@dataclass(frozen=True)
class Load:
    """One row of `state.loads`, without its run and time.

    status: loaded, refused (tried again at every run), duplicate (the content of a file that is
    loaded under another name), superseded (a refusal whose file has been replaced or taken away).
    """

    source: str
    object: str
    file: str
    content_hash: str
    status: str
    message: str = ""
    load_id: str = ""
    load_seq: int | None = None
    rows_in: int = 0
    rows_loaded: int = 0
    rows_rejected: int = 0
    rows_skipped: int = 0
    checks: dict[str, Any] = field(default_factory=dict)
    undeclared_columns: tuple[str, ...] = ()
    missing_optional: tuple[str, ...] = ()
    currency: str | None = None
    time_zone: str | None = None
    is_partial: bool = False
    bytes: int = 0
    file_as_of: datetime | None = None
    """When the file says it was made, in its name or above its header."""
    data_as_of: datetime | None = None
    """The newest event in it."""


def prepare(con: duckdb.DuckDBPyConnection, tables: Iterable[Table]) -> None:
    """Create the ledger and every declared raw table, and add columns declared since."""
    with transaction(con):
        con.execute("create schema if not exists state")
        con.execute(LOADS)
        con.execute(REJECTS)
        con.execute(TOMBSTONES)
        con.execute(SEEN)
        _add_columns(con, "state.loads", ADDED)
        con.execute(LOAD_ORDER)
        for table in tables:
            con.execute(f"create schema if not exists {quote('raw_' + table.source)}")
            _prepare_raw(con, table)


def is_prepared(con: duckdb.DuckDBPyConnection) -> bool:
    """Has this warehouse a ledger yet?"""
    return bool(
        con.execute(
            "select 1 from duckdb_tables() where schema_name = 'state' and table_name = 'loads'"
        ).fetchall()
    )


def _prepare_raw(con: duckdb.DuckDBPyConnection, table: Table) -> None:
    wanted = dict.fromkeys(text_columns(table), "varchar") | LINEAGE
    listed = ", ".join(f"{quote(name)} {kind}" for name, kind in wanted.items())
    con.execute(f"create table if not exists {raw_name(table)} ({listed})")
    _add_columns(con, raw_name(table), wanted)


def _add_columns(con: duckdb.DuckDBPyConnection, name: str, wanted: Mapping[str, str]) -> None:
    present = {row[0] for row in con.execute(f"describe {name}").fetchall()}
    for column, kind in wanted.items():
        if column not in present:
            con.execute(f"alter table {name} add column {quote(column)} {kind}")


def text_columns(table: Table) -> tuple[str, ...]:
    """The raw table's columns apart from lineage: declared ones, then normal forms."""
    normal = [column.normal for column in table.columns if column.normal]
    return (*(column.name for column in table.columns), *normal)


def raw_name(table: Table) -> str:
    """The raw table, quoted for SQL."""
    return f"{quote('raw_' + table.source)}.{quote(table.name)}"


def quote(name: str) -> str:
    """An SQL identifier in double quotes."""
    return '"' + name.replace('"', '""') + '"'


def known(con: duckdb.DuckDBPyConnection, table: Table, content_hash: str) -> dict[str, Any] | None:
    """The ledger row of the load that brought this content into this table, if one did.

    A file that an erasure rewrote counts as the file it was before.
    """
    return _one(
        con,
        "source = ? and object = ? and status = 'loaded' "
        "and (content_hash = ? or rewritten_hash = ?)",
        [table.source, table.name, content_hash, content_hash],
    )


def recorded(con: duckdb.DuckDBPyConnection, load: Load) -> dict[str, Any] | None:
    """The ledger row for this very file, content and status, if there is one."""
    return _one(
        con,
        "file = ? and content_hash = ? and source = ? and object = ? and status = ?",
        [load.file, load.content_hash, load.source, load.object, load.status],
    )


def next_sequence(con: duckdb.DuckDBPyConnection) -> int:
    """The number of the next load: one more than the highest so far."""
    ((following,),) = con.execute(
        "select coalesce(max(load_seq), 0) + 1 from state.loads"
    ).fetchall()
    return int(following)


def load_id(sequence: int, content_hash: str) -> str:
    """Sorts in load order; the same load log gives the same ids."""
    return f"{sequence:08d}-{content_hash[:12]}"


def entry_id(load: Load) -> str:
    """Key of a ledger row that is no load: one per file, content and status."""
    seed = f"{load.source}\0{load.object}\0{load.file}\0{load.content_hash}"
    return f"{load.status}-{hashlib.sha256(seed.encode()).hexdigest()[:12]}"


def write(con: duckdb.DuckDBPyConnection, load: Load, run_id: str, at: Any) -> None:
    """Write one ledger row, replacing the one with the same id. Call inside a transaction."""
    con.execute("delete from state.loads where load_id = ?", [load.load_id])
    con.execute(
        f"insert into state.loads values ({', '.join('?' * 24)})",
        [
            *(load.load_id, load.load_seq, load.source, load.object, load.file),
            *(load.content_hash, None, load.status, load.message or None),
            *(load.rows_in, load.rows_loaded, load.rows_rejected, load.rows_skipped),
            json.dumps(load.checks, sort_keys=True),
            *(list(load.undeclared_columns), list(load.missing_optional)),
            *(load.currency, load.time_zone, load.is_partial, load.bytes, run_id or None, at),
            *(load.file_as_of, load.data_as_of),
        ],
    )


def write_rejects(con: duckdb.DuckDBPyConnection, load: Load, rejects: Sequence[Reject]) -> None:
    """Write the malformed lines of one load. Call inside its transaction."""
    if not rejects:
        return
    lines = {
        "line": [r.line for r in rejects],
        "raw_text": [r.raw_text for r in rejects],
        "reason": [r.reason for r in rejects],
    }
    con.register("_rejects", pa.table(lines))
    con.execute(
        "insert into state.rejects select ?, ?, ?, ?, line, raw_text, reason from _rejects",
        [load.load_id, load.source, load.object, load.file],
    )
    con.unregister("_rejects")


def supersede(con: duckdb.DuckDBPyConnection, files: Sequence[str], keep: Sequence[str]) -> None:
    """Close the refusals of `files`, apart from the ledger rows `keep`. Inside a transaction."""
    con.execute(
        "update state.loads set status = 'superseded' where status = 'refused' "
        "and list_contains(?, file) and not list_contains(?, load_id)",
        [list(files), list(keep)],
    )


def refused_files(con: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """Files that stand refused."""
    rows = con.execute(
        "select distinct file from state.loads where status = 'refused' order by file"
    ).fetchall()
    return tuple(row[0] for row in rows)


def absent_sources(con: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    """Declared sources of which no file ever landed."""
    loaded = con.execute("select distinct source from state.loads where status = 'loaded'")
    there = {source for (source,) in loaded.fetchall()}
    return tuple(sorted({table.source for table in read_tables()} - there))


def note_rewrite(con: duckdb.DuckDBPyConnection, loaded: str, rewritten_hash: str) -> None:
    """Record that an erasure rewrote a loaded file, so that its new content is not new.

    `loaded` is the load's id. Call inside a transaction.
    """
    con.execute(
        "update state.loads set rewritten_hash = ? where load_id = ?", [rewritten_hash, loaded]
    )


def rows(con: duckdb.DuckDBPyConnection, condition: str = "true") -> list[dict[str, Any]]:
    """Ledger rows as dictionaries, in load order, other entries last."""
    cursor = con.execute(
        f"select * from state.loads where {condition} order by load_seq nulls last, file"
    )
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _one(
    con: duckdb.DuckDBPyConnection, condition: str, values: list[Any]
) -> dict[str, Any] | None:
    cursor = con.execute(f"select * from state.loads where {condition} limit 1", values)
    names = [column[0] for column in cursor.description or []]
    found = cursor.fetchall()
    return dict(zip(names, found[0], strict=True)) if found else None
