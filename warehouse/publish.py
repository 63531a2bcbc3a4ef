"""The file that BI reads: the public columns of the public tables, swapped in whole."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import yaml

from warehouse.checksum import table_checksums
from warehouse.connection import STORAGE, connect
from warehouse.errors import WarehouseError
from warehouse.files import replace
from warehouse.settings import Settings, settings

CONTRACT = Path(__file__).with_name("published.yml")


class PublishError(WarehouseError):
    """The published file could not be written as published.yml says."""


@dataclass(frozen=True)
class Published:
    """What was published: the file, and rows by table."""

    path: Path
    rows: dict[str, int]


class Public(NamedTuple):
    """What leaves of one table: {column: SQL expression}, and the SQL condition on its rows."""

    columns: dict[str, str]
    rows: str


def contract() -> dict[str, Public]:
    """{"schema.table": what of it is public} as declared in published.yml."""
    declared: dict[str, dict[str, Any]] = yaml.safe_load(CONTRACT.read_text(encoding="utf-8"))
    return {
        table: Public(
            dict(pair for column in columns for pair in _pairs(column)),
            declared["rows"].get(table, "true"),
        )
        for table, columns in declared["tables"].items()
    }


def _pairs(column: str | dict[str, str]) -> list[tuple[str, str]]:
    return list(column.items()) if isinstance(column, dict) else [(column, column)]


def publish(run_id: str, as_of: str, s: Settings | None = None) -> Published:
    """Copy the public columns to a new file and rename it into place.

    Readers of the old file keep their snapshot. Raises PublishError naming the table or column
    that the build does not have; the published file then stays as it was.
    """
    s = s or settings()
    s.published.parent.mkdir(parents=True, exist_ok=True)
    part = s.published.with_suffix(".part")
    part.unlink(missing_ok=True)
    with connect("publish", s=s) as con:
        version = STORAGE["storage_compatibility_version"]
        quoted = str(part).replace("'", "''")
        con.execute(f"attach '{quoted}' as published (storage_version '{version}')")
        try:
            for table, public in contract().items():
                _copy(con, table, public)
            _segment_counts(con)
            rows = _meta(con, run_id, as_of)
            con.execute("checkpoint published")
        finally:
            con.execute("detach published")
    replace(part, s.published)
    return Published(s.published, rows)


def _copy(con: duckdb.DuckDBPyConnection, table: str, public: Public) -> None:
    selected = ", ".join(
        sql if name == "*" else f"{sql} as {name}" for name, sql in public.columns.items()
    )
    schema = table.split(".", maxsplit=1)[0]
    try:
        con.execute(f"create schema if not exists published.{schema}")
        con.execute(
            f"create table published.{table} as select {selected} from {table} where {public.rows}"
        )
    except duckdb.Error as error:
        raise PublishError(
            f"expected {table} with the columns of {CONTRACT.name}, got: "
            f"{str(error).splitlines()[0]}; correct the model or {CONTRACT.name}"
        ) from None


def _segment_counts(con: duckdb.DuckDBPyConnection) -> None:
    names = con.execute(
        "select table_name from information_schema.tables "
        "where table_catalog = current_database() and table_schema = 'segments' "
        "and not starts_with(table_name, 'int_') order by 1"
    ).fetchall()
    con.execute("create schema published.segments")
    con.execute("create table published.segments.counts (segment varchar, people bigint)")
    for (name,) in names:
        con.execute(
            f"insert into published.segments.counts select '{name}', count(*) from segments.{name}"
        )


def _meta(con: duckdb.DuckDBPyConnection, run_id: str, as_of: str) -> dict[str, int]:
    sums = table_checksums(con, ("marts",))
    con.execute("create schema published.meta")
    con.execute("create table published.meta.build (run_id varchar, as_of timestamp)")
    con.execute("insert into published.meta.build values (?, ?)", [run_id, as_of])
    con.execute("create table published.meta.tables (table_name varchar, row_count bigint, "
                "build_checksum varchar)")  # fmt: skip
    rows = {}
    for table in contract():
        row = con.execute(f"select count(*) from published.{table}").fetchone()
        rows[table] = row[0] if row else 0
        con.execute(
            "insert into published.meta.tables values (?, ?, ?)",
            [table, rows[table], sums.get(table, (0, None))[1]],
        )
    return rows
