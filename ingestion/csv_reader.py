"""Reading a CSV export: scan the records, parse the sound ones, account for the others."""

import re
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from ingestion.errors import FileRefused
from ingestion.header import Header, find_header
from ingestion.languages import in_language
from ingestion.reading import LINE, Reading, Reject
from ingestion.records import Bools, Bytes, Ints, Records, split
from ingestion.sources import Table
from ingestion.totals import check_totals, find_totals

_FIRST = "_first_cell"


def read_csv(con: duckdb.DuckDBPyConnection, data: bytes, table: Table) -> Reading:
    """Read UTF-8 CSV text without a byte order mark. FileRefused if it must not be loaded."""
    header = find_header(data, table)
    table = in_language(table, header.captured)
    body = np.frombuffer(data, np.uint8)[header.body_offset :]
    records = split(body, header.delimiter)
    lines = records.lines(body, header.line + 1)
    blank = records.blank(body)
    header = _with_trailing_cell(header, records, blank, table)
    good = records.sound & (records.fields == len(header.cells)) & ~blank
    beyond = _beyond_the_rows(body, records, good | blank, table)
    good &= ~beyond
    _refuse_truncated(body, records, good | blank | beyond, lines)
    footer = _footer(body, records, good, ~(good | blank | beyond), table) | (beyond & ~blank)
    bad = ~(good | blank | footer)

    parsed = _fill(_parse(body, records, good, lines, header), header, table)
    is_total = find_totals(parsed, _FIRST, table)
    totals = parsed.filter(pa.array(is_total))
    rows = parsed.filter(pa.array(~is_total)) if totals.num_rows else parsed
    checks = _checks(header, body)
    checks |= check_totals(con, rows, totals, _FIRST, table)
    _check_stated_rows(header, rows.num_rows)
    rejects = _rejects(body, records, bad, lines, len(header.cells))
    keyless = np.zeros(rows.num_rows, np.bool_)
    of_row = np.flatnonzero(good)[~is_total]
    for key in (name for name in table.key if name in rows.column_names):
        found = _blank(rows, key) & ~keyless
        rejects += [
            Reject(int(lines[i]), _raw(body, records, int(i)), f"the key {key} is missing")
            for i in of_row[found]
        ]
        keyless |= found
    return Reading(
        rows=rows.filter(pa.array(~keyless)).drop_columns([_FIRST]),
        rows_in=len(records.start),
        rejects=tuple(sorted(rejects)),
        skipped=int(blank.sum() + footer.sum()) + totals.num_rows,
        undeclared=header.undeclared,
        missing_optional=tuple(c.name for c in table.columns if c.name not in parsed.column_names),
        checks=checks,
        currency=_currency(rows, table) or header.captured.get("currency"),
        time_zone=header.captured.get("time_zone") or table.time_zone or None,
        is_partial=header.captured.get("is_partial", "").lower() in ("true", "yes", "1"),
    )


def _with_trailing_cell(header: Header, records: Records, blank: Bools, table: Table) -> Header:
    """The header with a nameless cell more, where the first row ends with a delimiter."""
    first = records.fields[records.sound & ~blank][:1]
    if table.dialect.trailing_delimiter and len(first) and first[0] == len(header.cells) + 1:
        return header._replace(cells=(*header.cells, ""), columns=(*header.columns, ""))
    return header


def _beyond_the_rows(body: Bytes, records: Records, understood: Bools, table: Table) -> Bools:
    """Which records stand on the line that ends the rows or below it."""
    found = np.zeros(len(records.start), np.bool_)
    if table.dialect.ends_at:
        for i in np.flatnonzero(~understood):
            if re.search(table.dialect.ends_at, _raw(body, records, int(i))):
                found[i:] = True
                break
    return found


def _refuse_truncated(body: Bytes, records: Records, understood: Bools, lines: Ints) -> None:
    """A file cut in its last record is refused: its rest is still to come."""
    if not len(records.start):
        return
    last = records.start[understood][-1] if understood.any() else -1
    unterminated = records.open_at > last
    cut = body[-1] != ord("\n") and not understood[-1]
    if unterminated or cut:
        at = np.searchsorted(records.start, records.open_at) if unterminated else len(lines) - 1
        inside = "inside a quoted value" if unterminated else "in the middle of a row"
        raise FileRefused(
            f"truncated: ends {inside} that starts on line {lines[at]}; fetch the file again"
        )


def _footer(body: Bytes, records: Records, good: Bools, candidates: Bools, table: Table) -> Bools:
    """What stands behind the last row and looks like a footer; in between it is a broken row."""
    found = np.zeros(len(records.start), np.bool_)
    if table.dialect.footer:
        rows = np.flatnonzero(good)
        behind = rows[-1] + 1 if len(rows) else 0
        for i in behind + np.flatnonzero(candidates[behind:]):
            text = _raw(body, records, int(i))
            found[i] = any(re.search(pattern, text) for pattern in table.dialect.footer)
    return found


def _parse(body: Bytes, records: Records, good: Bools, lines: Ints, header: Header) -> pa.Table:
    """Parse the sound records with pyarrow; their number must be what the scan counted."""
    names = [f"c{i}" for i in range(len(header.cells))]
    targets = [(names[i], name) for i, name in enumerate(header.columns) if name]
    include = list(dict.fromkeys([names[0], *(cell for cell, _ in targets)]))
    if not good.any():
        columns = {name: pa.array([], pa.string()) for name in [_FIRST, *(t for _, t in targets)]}
        return pa.table({**columns, LINE: pa.array([], pa.int64())})
    text = body if good.all() else _keep(body, records, good)
    longest = int((records.end - records.start)[good].max())
    spans_lines = bool((np.diff(lines) > 1).any()) or _has_feed(
        body, records, len(records.start) - 1
    )
    try:
        parsed = pa_csv.read_csv(
            pa.BufferReader(pa.py_buffer(text)),
            read_options=pa_csv.ReadOptions(
                column_names=names, block_size=max(1 << 22, 4 * longest + 16)
            ),
            parse_options=pa_csv.ParseOptions(
                delimiter=header.delimiter,
                newlines_in_values=spans_lines,
                ignore_empty_lines=False,
            ),
            convert_options=pa_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                include_columns=include,
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid:
        # Its message quotes the row, which is personal data.
        raise FileRefused(_disagree("could not parse the records that the scan found")) from None
    if parsed.num_rows != good.sum():
        raise FileRefused(_disagree(f"one counted {good.sum()}, the other {parsed.num_rows}"))
    columns = {_FIRST: parsed[names[0]]} | {name: parsed[cell] for cell, name in targets}
    return pa.table({**columns, LINE: pa.array(lines[good])})


def _fill(parsed: pa.Table, header: Header, table: Table) -> pa.Table:
    """Add the columns that hold what the header says, the same in every row."""
    for column in table.columns:
        if column.from_header in header.captured:
            value = pa.scalar(header.captured[column.from_header], pa.string())
            parsed = parsed.append_column(column.name, pa.repeat(value, parsed.num_rows))
    return parsed


def _disagree(what: str) -> str:
    return f"two readers disagree about its records: {what}; report the file's dialect"


def _has_feed(body: Bytes, records: Records, i: int) -> bool:
    return i >= 0 and bool((body[records.start[i] : records.end[i]] == ord("\n")).any())


def _keep(body: Bytes, records: Records, good: Bools) -> Bytes:
    """The good records alone, each with its line end."""
    edges = np.zeros(len(body) + 1, np.int8)
    stop = np.append(records.start[1:], len(body))
    np.add.at(edges, records.start[good], 1)
    np.add.at(edges, stop[good], -1)
    return np.ascontiguousarray(body[np.cumsum(edges[:-1], dtype=np.int8).view(np.bool_)])


def _rejects(body: Bytes, records: Records, bad: Bools, lines: Ints, expected: int) -> list[Reject]:
    found = []
    for i in np.flatnonzero(bad):
        if records.sound[i]:
            reason = f"expected {expected} fields, got {records.fields[i]}"
        else:
            reason = "a quote or a line end stands where RFC 4180 does not allow it"
        found.append(Reject(int(lines[i]), _raw(body, records, int(i)), reason))
    return found


def _blank(rows: pa.Table, column: str) -> Bools:
    """Which rows hold nothing, or nothing but blanks, in `column`."""
    blank = pc.equal(pc.utf8_trim_whitespace(rows[column]), "")
    result: Bools = blank.to_numpy(zero_copy_only=False).astype(np.bool_)
    return result


def _raw(body: Bytes, records: Records, i: int) -> str:
    return body[records.start[i] : records.end[i]].tobytes().decode()


def _checks(header: Header, body: Bytes) -> dict[str, Any]:
    checks: dict[str, Any] = {"header_line": header.line, "delimiter": header.delimiter}
    if header.captured:
        checks["captured"] = header.captured
    if "language" in header.captured:
        checks["language"] = header.captured["language"]
    if header.renamed:
        checks["renamed_columns"] = header.renamed
    if len(body) and body[-1] != ord("\n"):
        checks["final_newline"] = "missing: the last value may be cut"
    return checks


def _check_stated_rows(header: Header, rows: int) -> None:
    stated = header.captured.get("rows", "").replace(",", "")
    if stated and stated != str(rows):
        raise FileRefused(f"says it holds {stated} rows, but {rows} were found; fetch it again")


def _currency(rows: pa.Table, table: Table) -> str | None:
    if table.currency_column not in rows.column_names:
        return None
    found = sorted({str(v) for v in rows[table.currency_column].unique().to_pylist() if v})
    return ",".join(found) or None
