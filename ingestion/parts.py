"""Reading one file part by part: which reader, how much at once, and whether the count is right."""

from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import duckdb

from ingestion.binary import by_row, find_sheet, is_parquet, is_workbook, parquet_text
from ingestion.content import Content
from ingestion.csv_reader import CsvReader
from ingestion.errors import FileRefused
from ingestion.json_reader import JsonReader
from ingestion.languages import as_cells
from ingestion.reading import Reading
from ingestion.sources import Table
from ingestion.text import BLOCK, decode

_PATIENCE = 8
"""Blocks that may go by without one record that can be read."""


def read_parts(
    con: duckdb.DuckDBPyConnection, content: Content, table: Table, block: int = BLOCK
) -> Iterator[Reading]:
    """Read and check one file without writing anything; the last part speaks for the whole file.

    `block` is how many bytes are read at once. Raises FileRefused, with a message that names what
    was expected, what came and what to do, at any part: what came before must then be dropped.
    """
    checks = {"packed": content.packed} if content.packed else {}
    head = content.head()
    if is_workbook(head):
        parts = _workbook(con, content.read(), table)
    elif is_parquet(head):
        parts = _parquet(con, content.read(), table)
    else:
        text = decode(content, table.dialect.encodings, block)
        checks["encoding"] = text.encoding
        parts = _text(con, text.blocks(), table, block)
    for part, is_last in parts:
        if not part.balanced:
            raise FileRefused(
                f"two readers disagree: {part.rows_in} records in, but {part.rows.num_rows} rows + "
                f"{len(part.rejects)} rejected + {part.skipped} skipped"
            )
        yield replace(part, checks=part.checks | checks) if is_last else part


def ahead(parts: Iterator[Reading]) -> Generator[Reading, None, None]:
    """The same parts, each read by a second thread while the one before it is written.

    `parts` must not use the connection that writes: give it a cursor. Closing waits for the thread.
    """
    with ThreadPoolExecutor(1, "reader") as thread:
        coming = thread.submit(next, parts, None)
        while (part := coming.result()) is not None:
            coming = thread.submit(next, parts, None)
            yield part


def _reader(con: duckdb.DuckDBPyConnection, table: Table) -> CsvReader | JsonReader:
    return CsvReader(con, table) if table.dialect.format == "csv" else JsonReader(con, table)


def _text(
    con: duckdb.DuckDBPyConnection,
    blocks: Iterator[tuple[bytes, bool]],
    table: Table,
    block: int,
) -> Iterator[tuple[Reading, bool]]:
    reader, rest, wanted = _reader(con, table), b"", 0
    for fresh, is_last in blocks:
        rest += fresh
        if len(rest) < wanted and not is_last:
            continue
        part, used = reader.read(rest, is_last)
        rest = rest[used:]
        # A record longer than a block: the next try is worth it with twice as much of it.
        wanted = 0 if used else 2 * len(rest)
        if used or is_last:
            yield part, is_last
        elif len(rest) > _PATIENCE * max(block, BLOCK):
            raise FileRefused(
                f"holds {len(rest) >> 20} MiB on end without one record of {table.full_name}; is "
                "it cut, or another vendor's file?"
            )


def _workbook(
    con: duckdb.DuckDBPyConnection, raw: bytes, table: Table
) -> Iterator[tuple[Reading, bool]]:
    if table.dialect.format != "csv":
        raise FileRefused(f"is a spreadsheet: expected {table.dialect.format}; export it so")
    sheet = find_sheet(raw, table)
    reading, _ = CsvReader(con, as_cells(table)).read(sheet.data, True)
    yield by_row(reading, sheet.starts, format="xlsx", sheet=sheet.name), True


def _parquet(
    con: duckdb.DuckDBPyConnection, raw: bytes, table: Table
) -> Iterator[tuple[Reading, bool]]:
    found = parquet_text(con, raw, table)
    reading, _ = _reader(con, table).read(found.data, True)
    yield by_row(reading, found.starts, format="parquet"), True
