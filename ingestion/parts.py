"""Reading one file part by part: which reader, how much at once, and whether the count is right."""

from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from typing import Any, TypeVar

import duckdb

from ingestion.binary import by_row, find_sheet, is_parquet, is_workbook, parquet_text
from ingestion.content import Content
from ingestion.csv_reader import CsvReader
from ingestion.errors import FileRefused
from ingestion.json_reader import JsonReader
from ingestion.languages import as_cells
from ingestion.reading import Parsed, Reader, Reading
from ingestion.sources import Table
from ingestion.text import decode

Each = Callable[[Reading], Reading]
_Block = TypeVar("_Block")
_Result = TypeVar("_Result")
_PARSERS, _AHEAD = 2, 3
"""Threads that parse, and blocks that are on their way at once."""
_PATIENCE = 256 << 20
"""Bytes that may go by without one record that can be read."""


def read_parts(
    con: duckdb.DuckDBPyConnection,
    content: Content,
    table: Table,
    each: Each = lambda part: part,
    block: int = 0,
) -> Generator[Reading, None, None]:
    """Read and check one file without writing anything; the last part speaks for the whole file.

    `block` is how many bytes are read at once (0: as the reader likes it), `each` what is done with
    a block's rows by the thread that read them. Give it a cursor of its own: the threads take more
    from it. Closing waits for them. Raises FileRefused, with a message that names what was
    expected, what came and what to do, at any part: what came before must then be dropped.
    """
    checks = {"packed": content.packed} if content.packed else {}
    head = content.head()
    if is_workbook(head):
        parts = _whole(each(_workbook(con, content.read(), table)))
    elif is_parquet(head):
        parts = _whole(each(_parquet(con, content.read(), table)))
    else:
        reader = _reader(con, table)
        block = block or reader.block
        text = decode(content, table.dialect.encodings, block)
        checks["encoding"] = text.encoding
        parts = _text(reader, _cut(reader, text.blocks(), table), each)
    with closing(parts):
        for part, is_last in parts:
            if not part.balanced:
                raise FileRefused(
                    f"two readers disagree: {part.rows_in} records in, but {part.rows.num_rows} "
                    f"rows + {len(part.rejects)} rejected + {part.skipped} skipped"
                )
            yield replace(part, checks=part.checks | checks) if is_last else part


def _reader(con: duckdb.DuckDBPyConnection, table: Table) -> Reader[Any]:
    return CsvReader(con, table) if _is_csv(table) else JsonReader(con, table)


def _is_csv(table: Table) -> bool:
    return table.dialect.format == "csv"


def _whole(part: Reading) -> Generator[tuple[Reading, bool], None, None]:
    yield part, True


def _text(
    reader: Reader[_Block], blocks: Iterator[_Block], each: Each
) -> Generator[tuple[Reading, bool], None, None]:
    def parse(block: _Block) -> Parsed:
        parsed = reader.parse(block)
        return replace(parsed, reading=each(parsed.reading))

    with closing(_ahead(blocks, parse)) as coming:
        for parsed in coming:
            yield reader.settle(parsed), parsed.is_last


def _ahead(
    blocks: Iterator[_Block], parse: Callable[[_Block], _Result]
) -> Generator[_Result, None, None]:
    """The results in the order of their blocks: one thread cuts, two parse, the caller writes."""
    with (
        ThreadPoolExecutor(1, "cutter") as cutter,
        ThreadPoolExecutor(_PARSERS, "parser") as parsers,
    ):

        def cut() -> Future[_Result] | None:
            block = next(blocks, None)
            return None if block is None else parsers.submit(parse, block)

        coming = deque(cutter.submit(cut) for _ in range(_AHEAD))
        while (parsing := coming.popleft().result()) is not None:
            parsed = parsing.result()
            coming.append(cutter.submit(cut))
            yield parsed


def _cut(
    reader: Reader[_Block], blocks: Iterator[tuple[bytes, bool]], table: Table
) -> Iterator[_Block]:
    rest, wanted = b"", 0
    for fresh, is_last in blocks:
        rest += fresh
        if len(rest) < wanted and not is_last:
            continue
        found, used = reader.cut(rest, is_last)
        rest = rest[used:]
        # A record longer than a block: the next try is worth it with twice as much of it.
        wanted = 0 if used else 2 * len(rest)
        if found is not None:
            yield found
        elif len(rest) > _PATIENCE:
            raise FileRefused(
                f"holds {len(rest) >> 20} MiB on end without one record of {table.full_name}; is "
                "it cut, or another vendor's file?"
            )


def _workbook(con: duckdb.DuckDBPyConnection, raw: bytes, table: Table) -> Reading:
    if not _is_csv(table):
        raise FileRefused(f"is a spreadsheet: expected {table.dialect.format}; export it so")
    sheet = find_sheet(raw, table)
    reading, _ = CsvReader(con, as_cells(table)).read(sheet.data, True)
    return by_row(reading, sheet.starts, format="xlsx", sheet=sheet.name)


def _parquet(con: duckdb.DuckDBPyConnection, raw: bytes, table: Table) -> Reading:
    found = parquet_text(con, raw, table)
    reading, _ = _reader(con, table).read(found.data, True)
    return by_row(reading, found.starts, format="parquet")
