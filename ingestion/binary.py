"""Spreadsheets and Parquet files, as the text that the readers read."""

import csv
import io
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any, NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from ingestion.errors import FileRefused
from ingestion.header import find_header
from ingestion.reading import Reading, renumbered
from ingestion.sources import Table

_PARQUET, _ZIP = b"PAR1", b"PK\x03\x04"


class Sheet(NamedTuple):
    """One sheet of a workbook as CSV text."""

    name: str
    data: bytes
    starts: Sequence[int]
    """Line of the text on which each row of the sheet starts."""


def is_workbook(raw: bytes) -> bool:
    """Is it a spreadsheet (XLSX)? Other zip files are unpacked before."""
    return raw.startswith(_ZIP)


def is_parquet(raw: bytes) -> bool:
    """Is it a Parquet file?"""
    return raw.startswith(_PARQUET)


def find_sheet(raw: bytes, table: Table) -> Sheet:
    """The one sheet with the table's header. FileRefused where none has it, or several have."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(raw))
        cells = {
            name: book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            for name in book.sheet_names
        }
    except CalamineError:
        raise FileRefused(
            "cannot be read as a spreadsheet: it may be cut; fetch it again"
        ) from None
    sheets = [_as_csv(name, rows, table) for name, rows in cells.items() if rows]
    if not sheets:
        raise FileRefused("is a spreadsheet without a cell: expected at least a header")
    if len(sheets) == 1:
        return sheets[0]
    fitting = [sheet for sheet in sheets if _has_header(sheet, table)]
    if len(fitting) == 1:
        return fitting[0]
    names = ", ".join(cells)
    many = "several of its sheets hold" if fitting else "no sheet holds"
    raise FileRefused(
        f"{many} the header of {table.full_name} ({names}): leave one, export it again"
    )


class Parquet(NamedTuple):
    """A Parquet file as text: CSV for a table declared so, otherwise JSON lines."""

    data: bytes
    starts: Sequence[int]
    """Line of the text on which each row starts."""


def parquet_text(con: duckdb.DuckDBPyConnection, raw: bytes, table: Table) -> Parquet:
    """Every value of a Parquet file as text. FileRefused if it cannot be read, or is too nested."""
    try:
        rows = pq.read_table(pa.BufferReader(raw))
    except (pa.ArrowInvalid, OSError):
        raise FileRefused("cannot be read as Parquet: it may be cut; fetch it again") from None
    if table.dialect.format == "jsonl":
        rows = pa.table({name: _lists(rows[name].combine_chunks()) for name in rows.column_names})
        con.register("_parquet", rows)
        try:
            lines = con.sql("select to_json(_parquet)::varchar as line from _parquet")
            found = lines.to_arrow_table()["line"].to_pylist()
        finally:
            con.unregister("_parquet")
        return Parquet("".join(f"{line}\n" for line in found).encode(), range(1, len(found) + 1))
    nested = [field.name for field in rows.schema if pa.types.is_nested(field.type)]
    if nested:
        raise FileRefused(f"its column {', '.join(nested)} is nested: expected plain values")
    text = pa.table({name: rows[name].cast(pa.string()) for name in rows.column_names})
    target = io.BytesIO()
    options = pa_csv.WriteOptions(delimiter=table.dialect.delimiters[0], quoting_style="all_valid")
    pa_csv.write_csv(text, target, options)
    feeds = np.zeros(rows.num_rows, np.int64)
    for name in text.column_names:
        feeds += pc.fill_null(pc.count_substring(text[name], "\n"), 0).to_numpy().astype(np.int64)
    header = 2 + sum(name.count("\n") for name in text.column_names)
    return Parquet(target.getvalue(), header + np.cumsum(feeds + 1) - feeds - 1)


def _lists(values: pa.Array) -> pa.Array:
    """The same with plain lists where a writer left their wrapping: {"list": [{"element": …}]}.

    Parquet keeps a list as groups of that name; BigQuery is one that may not say that they are one.
    """
    if pa.types.is_list(values.type):
        inner = _lists(values.values)
        return pa.ListArray.from_arrays(values.offsets, inner, mask=_nulls(values))
    if not pa.types.is_struct(values.type) or not values.type.num_fields:
        return values
    if [f.name for f in values.type] == ["list"] and _is_wrapped(values.type[0].type):
        items = values.field(0)
        inner = _lists(items.values.field(0))
        offsets = items.offsets
        return pa.ListArray.from_arrays(offsets, inner, mask=pc.or_(_nulls(values), _nulls(items)))
    parts = [_lists(values.field(i)) for i in range(values.type.num_fields)]
    return pa.StructArray.from_arrays(
        parts, names=[f.name for f in values.type], mask=_nulls(values)
    )


def _is_wrapped(kind: pa.DataType) -> bool:
    if not pa.types.is_list(kind) or not pa.types.is_struct(kind.value_type):
        return False
    return [f.name for f in kind.value_type] == ["element"]


def _nulls(values: pa.Array) -> pa.Array:
    return pc.is_null(values)


def by_row(reading: Reading, starts: Sequence[int], **checks: str) -> Reading:
    """The same with `_line` as the row of the sheet or file, which is what people see."""
    lines = np.asarray(starts)
    found = renumbered(reading, lambda line: np.searchsorted(lines, line, side="right"))
    return replace(found, checks=found.checks | checks)


def _has_header(sheet: Sheet, table: Table) -> bool:
    try:
        find_header(sheet.data, table)
    except FileRefused:
        return False
    return True


def _as_csv(name: str, rows: Sequence[Sequence[Any]], table: Table) -> Sheet:
    target = io.StringIO(newline="")
    write = csv.writer(target, delimiter=table.dialect.delimiters[0], lineterminator="\n")
    starts, line = [], 1
    for row in rows:
        texts = [_text(cell) for cell in row]
        write.writerow(texts if any(texts) else [])
        starts.append(line)
        line += 1 + sum(text.count("\n") for text in texts)
    return Sheet(name, target.getvalue().encode(), starts)


def _text(cell: Any) -> str:
    """A cell as a CSV export of the same sheet would write it: whole numbers without a point."""
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime | date):
        return cell.isoformat(*([" "] if isinstance(cell, datetime) else []))
    return str(cell)
