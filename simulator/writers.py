"""Getting lines out of DuckDB into files without a Python loop per row."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

BATCH = 100_000
"""Rows per batch between DuckDB and a file; bounds the memory of a writer."""

MACROS = r"""
create or replace macro quoted(x) as
    '"' || replace(coalesce(x::varchar, ''), '"', '""') || '"';
create or replace macro bare(x) as
    case when contains(x::varchar, ',') or contains(x::varchar, '"') then quoted(x)
        else x::varchar end;
create or replace macro json_text(x) as to_json(x::varchar)::varchar;
create or replace macro iso_ms(ms) as strftime(make_timestamp(ms * 1000), '%Y-%m-%dT%H:%M:%S.%gZ');
create or replace macro iso_s(ms) as
    strftime(make_timestamp(ms // 1000 * 1000000), '%Y-%m-%dT%H:%M:%S.000Z');
create or replace macro iso_day(ms) as strftime(make_timestamp(ms * 1000), '%Y-%m-%d');
create or replace macro hex_of(kind, n) as md5(concat(getvariable('seed'), ':', kind, ':', n));
create or replace macro uuid_of(kind, n) as
    substr(hex_of(kind, n), 1, 8) || '-' || substr(hex_of(kind, n), 9, 4) || '-4'
    || substr(hex_of(kind, n), 14, 3) || '-a' || substr(hex_of(kind, n), 18, 3) || '-'
    || substr(hex_of(kind, n), 21, 12);
create or replace macro digit62(n, place) as
    substr(
        '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',
        (n // place % 62 + 1)::int, 1
    );
create or replace macro capital(n, place) as (n // place % 62 between 10 and 35)::int;
create or replace macro check_letter(bits) as
    substr('ABCDEFGHIJKLMNOPQRSTUVWXYZ012345', bits + 1, 1);
create or replace macro sf_id(prefix, n) as
    case
        when n is null or n < 0 then ''
        else prefix || '5g00000' || digit62(n, 14776336) || digit62(n, 238328) || digit62(n, 3844)
            || digit62(n, 62) || digit62(n, 1)
            || case when ascii(substr(prefix, 3, 1)) between 65 and 90 then 'E' else 'A' end || 'A'
            || check_letter(
                capital(n, 14776336) + 2 * capital(n, 238328) + 4 * capital(n, 3844)
                + 8 * capital(n, 62) + 16 * capital(n, 1)
            )
    end;
create or replace macro typo(address, kind, spot) as
    case
        when address is null or kind = 0 then address
        when kind = 1 then
            substr(address, 1, spot + 1) || substr(address, spot + 3)
        when kind = 2 then
            substr(address, 1, spot) || substr(address, spot + 2, 1)
            || substr(address, spot + 1, 1) || substr(address, spot + 3)
        when kind = 3 then
            substr(address, 1, spot + 1) || substr(address, spot + 1)
        when address like '%gmail.com' then replace(address, 'gmail.com', 'gmial.com')
        when address like '%.com' then address[:-2] || 'n'
        when address like '%.example' then replace(address, '.example', '.exmaple')
        else substr(address, 1, spot + 1) || substr(address, spot + 3)
    end;
"""


def open_database(seed: int, threads: int = 2) -> duckdb.DuckDBPyConnection:
    """A DuckDB in memory with this room's macros; `seed` feeds every made-up identifier."""
    con = duckdb.connect(config={"threads": threads})
    con.execute("set timezone = 'UTC'")
    con.execute("set enable_progress_bar = false")
    con.execute(f"set variable seed = '{seed}'")
    con.execute(MACROS)
    return con


def table(con: duckdb.DuckDBPyConnection, name: str, columns: dict[str, Any]) -> None:
    """Create table `name` from arrays or lists of one length."""
    arrow = pa.table({key: pa.array(values) for key, values in columns.items()})
    con.register("_incoming", arrow)
    con.execute(f"create or replace table {name} as select * from _incoming")
    con.unregister("_incoming")


def lookup(con: duckdb.DuckDBPyConnection, name: str, words: Sequence[str]) -> None:
    """Create table `name` (n, word) from a list of words, numbered from 0."""
    table(con, name, {"n": np.arange(len(words)), "word": list(words)})


def write_lines(
    con: duckdb.DuckDBPyConnection,
    path: Path,
    queries: Iterable[str],
    *,
    header: str = "",
    footer: str = "",
    encoding: str = "utf-8",
    newline: str = "\n",
) -> int:
    """Write the one text column of each query, a line a row, in the query's order.

    Returns the number of rows. `header` and `footer` are whole lines with their line ends. The
    encoding `utf-16` is little-endian with a byte order mark, `utf-8-sig` has one too.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = 0
    codec = {"utf-16": "utf-16-le", "utf-8-sig": "utf-8"}.get(encoding, encoding)
    mark = {"utf-16": b"\xff\xfe", "utf-8-sig": b"\xef\xbb\xbf"}.get(encoding, b"")
    end = {"\n": "chr(10)", "\r\n": "chr(13) || chr(10)"}[newline]
    with path.open("wb") as out:
        out.write(mark + header.encode(codec))
        for query in queries:
            names = con.execute(f"describe {query}").fetchall()
            lines = con.sql(f"select {names[0][0]} || {end} as line from ({query})")
            for batch in lines.to_arrow_reader(BATCH):
                rows += len(batch)
                text = _text(batch.column(0))
                out.write(text if codec == "utf-8" else text.decode().encode(codec))
        out.write(footer.encode(codec))
    return rows


def _text(column: pa.Array) -> bytes:
    """The bytes of a string column, one value after the other, without a loop."""
    if column.null_count:
        raise ValueError(f"expected no null line, got {column.null_count}")
    offsets = np.frombuffer(column.buffers()[1], dtype=np.int32)
    first, last = offsets[column.offset], offsets[column.offset + len(column)]
    return bytes(memoryview(column.buffers()[2])[first:last])


def csv_line(columns: Sequence[tuple[str, str]], quoted: bool = True) -> str:
    """SQL that builds one CSV line from (header, expression) pairs, every field quoted or none."""
    field = "quoted({})" if quoted else "coalesce(({})::varchar, '')"
    return " || ',' || ".join(field.format(expression) for _, expression in columns)


def csv_header(columns: Sequence[tuple[str, str]], quoted: bool = True) -> str:
    """The header line of the same columns."""
    return ",".join(f'"{name}"' if quoted else name for name, _ in columns) + "\n"
