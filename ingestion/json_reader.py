"""Reading JSON lines: one object a line, columns by their declared paths."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from tempfile import NamedTemporaryFile
from typing import NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.errors import FileRefused
from ingestion.json_paths import RAW, REASON, bulk, exact, keys
from ingestion.reading import LINE, Parsed, Reader, Reading, Reject
from ingestion.records import Bools
from ingestion.sources import Table

_INPUT = "_json_lines"
_CHECKED, _LISTED = 256, 1024
"""Lines of a block that both readers read, and whose keys are listed; all of a smaller block."""
_SPACES = " \t\r\n"


class _Cut(NamedTuple):
    """Complete lines, and the number of the first."""

    data: bytes
    first: int
    is_last: bool


class _Found(NamedTuple):
    """What a block says about the file."""

    present: set[str]
    """Columns of which it has a value."""
    undeclared: set[str]
    lines: int
    rows: int
    first: Reject | None


class JsonReader(Reader[_Cut]):
    """Reads UTF-8 JSON lines."""

    block = 32 << 20

    def __init__(self, con: duckdb.DuckDBPyConnection, table: Table) -> None:
        self._con, self._table = con, table
        self._bulk = bulk(table)
        self._line = 1
        """Of the next block."""
        self._file = _Found(set(), set(), 0, 0, None)

    def cut(self, data: bytes, is_last: bool) -> tuple[_Cut | None, int]:
        """The complete lines of a block."""
        if self._line == 1 and data[:4096].lstrip()[:1] == b"[":
            raise FileRefused("holds a JSON array: expected JSON lines, one object a line")
        used = len(data) if is_last else data.rfind(b"\n") + 1
        if not used and not is_last:
            return None, 0
        block = _Cut(data[:used], self._line, is_last)
        self._line += block.data.count(b"\n")
        return block, used

    def parse(self, block: _Cut) -> Parsed:
        """The rows of complete lines, and why the others are none."""
        with self._con.cursor() as con:
            return self._parsed(con, block)

    def _parsed(self, con: duckdb.DuckDBPyConnection, block: _Cut) -> Parsed:
        lines, blank = _lines(block.data, block.first)
        filled = lines.filter(pa.array(~blank)) if blank.any() else lines
        rows, looked = self._read(con, block.data, filled)
        bad = looked.filter(pc.field(REASON).is_valid()).select([LINE, RAW, REASON])
        rejects = tuple(Reject(*row.values()) for row in bad.to_pylist())
        step = max(1, filled.num_rows // _LISTED)
        found = _Found(
            {c.name for c in self._table.columns if rows[c.name].null_count < rows.num_rows},
            self._keys(con, filled.take(pa.array(np.arange(0, filled.num_rows, step)))),
            lines.num_rows,
            rows.num_rows,
            next(iter(rejects), None),
        )
        checks = {"final_newline": "missing"} if block.is_last and _unended(block.data) else {}
        reading = Reading(rows, lines.num_rows, rejects, int(blank.sum()), checks=checks)
        return Parsed(reading, block.is_last, found)

    def settle(self, parsed: Parsed) -> Reading:
        """The block's reading; of the last one, with what is to be said about the whole file."""
        file, block = self._file, parsed.found
        self._file = _Found(
            file.present | block.present,
            file.undeclared | block.undeclared,
            file.lines + block.lines,
            file.rows + block.rows,
            file.first or block.first,
        )
        return self._closed(parsed.reading) if parsed.is_last else parsed.reading

    def _read(
        self, con: duckdb.DuckDBPyConnection, data: bytes, lines: pa.Table
    ) -> tuple[pa.Table, pa.Table]:
        """The rows of lines that are not blank, and what the exact reader says of those it read.

        Read in bulk; a sample of the lines, and those that came without a key, once more exactly.
        Where the two disagree all of them are.
        """
        rows = self._in_bulk(con, data, lines)
        if rows is not None:
            sound = ~_without_key(rows, self._table)
            looked = ~sound
            looked[:: max(1, len(looked) // _CHECKED)] = True
            found = self._exactly(con, lines.filter(pa.array(looked)))
            mirrored = found.filter(pa.array(sound[looked]))
            mirror = rows.filter(pa.array(sound & looked))
            rows = rows.filter(pa.array(sound))
            agreed = mirrored[REASON].null_count == mirrored.num_rows
            if agreed and mirror.equals(mirrored.select(rows.column_names)):
                more = found.filter(pa.array(~sound[looked])).filter(pc.field(REASON).is_null())
                if more.num_rows:
                    rows = pa.concat_tables([rows, more.select(rows.column_names)]).sort_by(LINE)
                return rows, found
        found = self._exactly(con, lines)
        return found.filter(pc.field(REASON).is_null()).drop_columns([RAW, REASON]), found

    def _in_bulk(
        self, con: duckdb.DuckDBPyConnection, data: bytes, lines: pa.Table
    ) -> pa.Table | None:
        """One row a line, null where in doubt; None where that reader counts otherwise."""
        if self._bulk is None or not lines.num_rows:
            return None
        longest = max(1 << 22, 2 * pc.max(pc.binary_length(lines["raw"])).as_py())
        try:
            with _as_file(data) as path:
                parameters = {"path": path, "longest": longest}
                rows = con.execute(self._bulk, parameters).to_arrow_table()
        except duckdb.Error:
            return None
        return rows.append_column(LINE, lines[LINE]) if len(rows) == len(lines) else None

    def _exactly(self, con: duckdb.DuckDBPyConnection, lines: pa.Table) -> pa.Table:
        with _registered(con, lines):
            return con.sql(exact(self._table, _INPUT)).to_arrow_table()

    def _keys(self, con: duckdb.DuckDBPyConnection, lines: pa.Table) -> set[str]:
        """Keys that no declared path reaches, at the levels that declared paths pass through."""
        query, levels, known = keys(self._table, _INPUT)
        with _registered(con, lines):
            shapes = con.execute(query).fetchall()
        found = {
            f"{level}.{key}" if level else str(key)
            for (shape,) in shapes
            for level, names in zip(levels, shape, strict=True)
            for key in names or ()
        }
        return found - known

    def _closed(self, reading: Reading) -> Reading:
        rejects, file = reading.rejects, self._file
        unended = "final_newline" in reading.checks
        if rejects and rejects[-1].line == file.lines and unended:
            raise FileRefused(
                f"truncated: ends in the middle of the object on line {file.lines}; "
                "fetch the file again"
            )
        if file.first and not file.rows:
            raise FileRefused(
                f"none of its {file.lines} lines is a row (line {file.first.line}: "
                f"{file.first.reason}): expected JSON lines, one object a line"
            )
        absent = [c.name for c in self._table.columns if c.name not in file.present]
        missing = [name for name in self._table.required if name in absent]
        if file.rows and missing:
            paths = {c.name: " or ".join(c.path) for c in self._table.columns}
            wanted = ", ".join(f"{name} ({paths[name]})" for name in missing)
            raise FileRefused(
                f"missing declared column {wanted}: none of its {file.rows} objects has it; "
                "export it, or declare another path or `optional: true`"
            )
        return replace(
            reading,
            undeclared=tuple(sorted(file.undeclared)),
            missing_optional=tuple(absent) if file.rows else (),
            time_zone=self._table.time_zone or None,
        )


def _unended(data: bytes) -> bool:
    return not data.endswith(b"\n")


@contextmanager
def _registered(con: duckdb.DuckDBPyConnection, lines: pa.Table) -> Iterator[None]:
    con.register(_INPUT, lines)
    try:
        yield
    finally:
        con.unregister(_INPUT)


def _lines(data: bytes, first: int) -> tuple[pa.Table, Bools]:
    """Every physical line with its number, and which hold nothing but blanks.

    The line feed stays, JSON does not mind.
    """
    octets = np.frombuffer(data, np.uint8)
    ends = np.flatnonzero(octets == ord("\n")).astype(np.int64) + 1
    if len(data) and (not len(ends) or ends[-1] != len(data)):
        ends = np.append(ends, len(data))
    starts = np.append(np.zeros(min(1, len(ends)), np.int64), ends[:-1])
    offsets = pa.py_buffer(np.append(starts[:1], ends)) if len(ends) else None
    raw = (
        pa.LargeStringArray.from_buffers(len(ends), offsets, pa.py_buffer(data))
        if len(ends)
        else pa.array([], pa.large_string())
    )
    blank = np.isin(octets[starts], list(_SPACES.encode()))
    if blank.any():
        trimmed = pc.ascii_trim(raw.filter(pa.array(blank)), _SPACES)
        blank[blank] = pc.equal(trimmed, "").to_numpy(zero_copy_only=False)
    numbers = np.arange(first, first + len(ends), dtype=np.int64)
    return pa.table({LINE: numbers, "raw": raw}), blank


def _without_key(rows: pa.Table, table: Table) -> Bools:
    """Which rows came without a value in a key."""
    found = np.zeros(rows.num_rows, np.bool_)
    for key in table.key:
        value = pc.ascii_trim(pc.fill_null(rows[key], ""), _SPACES)
        found |= pc.equal(value, "").to_numpy(zero_copy_only=False).astype(np.bool_)
    return found


@contextmanager
def _as_file(data: bytes) -> Iterator[str]:
    """The path of a file that holds `data`: in memory where the system has such files."""
    if not hasattr(os, "memfd_create"):
        with NamedTemporaryFile() as file:
            file.write(data)
            file.flush()
            yield file.name
        return
    handle = os.memfd_create("onefold")
    try:
        with os.fdopen(os.dup(handle), "wb") as file:
            file.write(data)
        yield f"/proc/self/fd/{handle}"
    finally:
        os.close(handle)
