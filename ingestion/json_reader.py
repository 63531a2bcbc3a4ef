"""Reading JSON lines: one object a line, columns by their declared paths."""

import re
from dataclasses import replace

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.errors import DeclarationError, FileRefused
from ingestion.reading import LINE, NOTHING, Reading, Reject
from ingestion.sources import Column, Table

_INPUT, _RAW, _REASON = "_json_lines", "_raw", "_reason"
_ELEMENT = re.compile(r"^(?P<list>[^\[\]]+)\[(?P<key>\w+)=(?P<wanted>[^\]]+)\]\.(?P<value>.+)$")


class JsonReader:
    """Reads UTF-8 JSON lines, block by block."""

    def __init__(self, con: duckdb.DuckDBPyConnection, table: Table) -> None:
        self._con, self._table = con, table
        self._present: set[str] = set()
        """Columns of which a value has been seen."""
        self._undeclared: set[str] = set()
        self._lines = self._rows = 0
        self._first: Reject | None = None

    def read(self, data: bytes, is_last: bool) -> tuple[Reading, int]:
        """Read the lines of a block; returns them and how many bytes of it were used.

        The rest must start the next block. FileRefused if the file must not be loaded.
        """
        if not self._lines and data.lstrip()[:1] == b"[":
            raise FileRefused("holds a JSON array: expected JSON lines, one object a line")
        used = len(data) if is_last else data.rfind(b"\n") + 1
        if not used and not is_last:
            return NOTHING, 0
        found = self._reading(data[:used])
        return (self._closed(found, data) if is_last else found), used

    def _reading(self, data: bytes) -> Reading:
        lines = _lines(data, self._lines + 1)
        self._con.register(_INPUT, lines)
        try:
            read = self._con.sql(_select(self._table)).to_arrow_table()
            self._undeclared |= _undeclared(self._con, self._table)
        finally:
            self._con.unregister(_INPUT)
        rows = read.filter(pc.field(_REASON).is_null()).drop_columns([_RAW, _REASON])
        rejects, blank = _unusable(read)
        self._lines += lines.num_rows
        self._rows += rows.num_rows
        self._first = self._first or next(iter(rejects), None)
        columns = (c.name for c in self._table.columns if c.name not in self._present)
        self._present |= {name for name in columns if rows[name].null_count < rows.num_rows}
        return Reading(rows, lines.num_rows, tuple(rejects), blank)

    def _closed(self, reading: Reading, data: bytes) -> Reading:
        """The last block's reading with what is to be said about the whole file."""
        rejects = reading.rejects
        if rejects and rejects[-1].line == self._lines and not data.endswith(b"\n"):
            raise FileRefused(
                f"truncated: ends in the middle of the object on line {self._lines}; "
                "fetch the file again"
            )
        if self._first and not self._rows:
            raise FileRefused(
                f"none of its {self._lines} lines is a row (line {self._first.line}: "
                f"{self._first.reason}): expected JSON lines, one object a line"
            )
        absent = [c.name for c in self._table.columns if c.name not in self._present]
        missing = [name for name in self._table.required if name in absent]
        if self._rows and missing:
            paths = {c.name: " or ".join(c.path) for c in self._table.columns}
            wanted = ", ".join(f"{name} ({paths[name]})" for name in missing)
            raise FileRefused(
                f"missing declared column {wanted}: none of its {self._rows} objects has it; "
                "export it, or declare another path or `optional: true`"
            )
        return replace(
            reading,
            undeclared=tuple(sorted(self._undeclared)),
            missing_optional=tuple(absent) if self._rows else (),
            checks={} if data.endswith(b"\n") else {"final_newline": "missing"},
            time_zone=self._table.time_zone or None,
        )


def _lines(data: bytes, first: int) -> pa.Table:
    """Every physical line with its number; the line feed stays, JSON does not mind."""
    offsets = np.flatnonzero(np.frombuffer(data, np.uint8) == ord("\n")).astype(np.int64) + 1
    if data and (not len(offsets) or offsets[-1] != len(data)):
        offsets = np.append(offsets, len(data))
    offsets = np.concatenate([np.zeros(1, np.int64), offsets])
    count = len(offsets) - 1
    raw = pa.LargeStringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(data))
    return pa.table({LINE: np.arange(first, first + count, dtype=np.int64), "raw": raw})


def _select(table: Table) -> str:
    """SQL: every line with its values; why it is no row (null for a row, empty for a blank)."""
    columns = ",\n".join(f"{_value(table, c)} as {_name(c.name)}" for c in table.columns)
    keys = "\n".join(
        f"when coalesce(trim({_name(key)}, ' \t\r\n'), '') = '' "
        f"then {_text(f'the key {key} is missing')}"
        for key in table.key
    )
    return f"""
        with
        judged as (
            select
                {LINE}, raw,
                case
                    when trim(raw, ' \t\r\n') = '' then ''
                    when not json_valid(raw) then 'not valid JSON'
                    when json_type(raw) != 'OBJECT' then 'not a JSON object'
                end as problem,
            from {_INPUT}
        ),
        extracted as (
            select
                {LINE}, raw, problem,
                case
                    when problem is null then json_extract_string(raw, {_pointers(table)})
                end as v,
            from judged
        ),
        named as (select {LINE}, raw, problem, {columns} from extracted),
        reasoned as (
            select
                * exclude (problem, raw),
                case when problem is not null then problem {keys} end as {_REASON},
                case when {_REASON} is not null then rtrim(raw, '\r\n') end as {_RAW},
            from named
        )
        select * from reasoned order by {LINE}
    """


def _unusable(read: pa.Table) -> tuple[list[Reject], int]:
    bad = read.filter(pc.field(_REASON).is_valid())
    found = zip(*(bad[name].to_pylist() for name in (LINE, _RAW, _REASON)), strict=True)
    rejects = [Reject(*row) for row in found if row[2]]
    return rejects, bad.num_rows - len(rejects)


def _plain_paths(table: Table) -> list[str]:
    """Paths without an element search, which one pass over a line can extract together."""
    paths = (path for c in table.columns for path in c.path if not _ELEMENT.match(path))
    return list(dict.fromkeys(paths))


def _pointers(table: Table) -> str:
    return "[" + ", ".join(_pointer(path) for path in _plain_paths(table)) + "]::varchar[]"


def _value(table: Table, column: Column) -> str:
    plain = {path: f"v[{i}]" for i, path in enumerate(_plain_paths(table), start=1)}
    paths = [plain.get(path) or _element(path) for path in column.path]
    return f"coalesce({', '.join(paths)})" if len(paths) > 1 else paths[0]


def _element(path: str) -> str:
    """SQL for `list[key=wanted].value`: the first element that matches."""
    parts = _ELEMENT.match(path)
    if parts is None:
        raise DeclarationError(f"expected a dotted path or list[key=wanted].value, got {path!r}")
    usable = f"case when problem is null then json_extract(raw, {_pointer(parts['list'])}) end"
    wanted = f"json_extract_string(item, {_pointer(parts['key'])}) = {_text(parts['wanted'])}"
    first = f"list_filter(try_cast({usable} as json[]), lambda item: {wanted})[1]"
    return f"json_extract_string({first}, {_pointer(parts['value'])})"


def _pointer(path: str) -> str:
    return _text("$" + "".join(f'."{step}"' for step in path.split(".") if step))


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _name(value: str) -> str:
    return '"' + value.replace('"', '""') + '"'


def _undeclared(con: duckdb.DuckDBPyConnection, table: Table) -> set[str]:
    """Keys that no declared path reaches, at the levels that declared paths pass through."""
    paths = [re.sub(r"\[.*", "", path) for c in table.columns for path in c.path]
    known = {".".join(p.split(".")[: i + 1]) for p in paths for i in range(p.count(".") + 1)}
    leaves = set(paths)
    prefixes = ["", *sorted(known - leaves)]
    pointers = ", ".join(_pointer(prefix) for prefix in prefixes)
    shapes = con.execute(
        f"""
        with objects as (select raw from {_INPUT} where json_valid(raw))
        select distinct json_keys(raw, [{pointers}]) from objects
        """
    ).fetchall()
    found = {
        f"{prefix}.{key}" if prefix else str(key)
        for (shape,) in shapes
        for prefix, keys in zip(prefixes, shape, strict=True)
        for key in keys or ()
    }
    return found - known
