"""Reading a CSV export: scan the records, parse the sound ones, account for the others."""

import re
from dataclasses import replace
from typing import Any, NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from ingestion.errors import FileRefused
from ingestion.header import Header, find_header, holds_header
from ingestion.languages import in_language
from ingestion.reading import LINE, Parsed, Reader, Reading, Reject
from ingestion.records import Bools, Bytes, Ints, Records, line_feeds, split
from ingestion.sources import Table
from ingestion.totals import Tally, find_totals, summed

_FIRST = "_first_cell"


class _Seen(NamedTuple):
    """The records of a block and what each is; a footer or a broken row is none of the three."""

    body: Bytes
    records: Records
    lines: Ints
    good: Bools
    """As many fields as the header, quoted as RFC 4180 says."""
    blank: Bools
    beyond: Bools
    """Behind the line that ends the rows."""

    def raw(self, i: int) -> str:
        """The text of one record."""
        return _raw(self.body, self.records, i)

    def settled(self) -> "_Seen":
        """Those that what follows cannot change: a line behind the last row may be a footer."""
        rows = np.flatnonzero(self.good)
        count = len(self.good) if self.beyond.any() else (int(rows[-1]) + 1 if len(rows) else 0)
        body = self.body[: self.records.stop[count - 1] if count else 0]
        return _Seen(
            body,
            self.records.first(count),
            self.lines[:count],
            self.good[:count],
            self.blank[:count],
            self.beyond[:count],
        )


class _Cut(NamedTuple):
    """Records that were cut off, and all that is needed to read them."""

    header: Header
    seen: _Seen
    table: Table
    is_last: bool


class CsvReader(Reader[_Cut]):
    """Reads UTF-8 CSV text without a byte order mark.

    What one block says about the next ones is kept here: the header, the line that was reached,
    what the rows add up to.
    """

    block = 8 << 20

    def __init__(self, con: duckdb.DuckDBPyConnection, table: Table) -> None:
        self._con, self._table = con, table
        self._header: Header | None = None
        self._line = 0
        """Physical line on which the next block starts."""
        self._ended = False
        """The line that ends the rows has been met."""
        self._tally = Tally(table)

    def cut(self, data: bytes, is_last: bool) -> tuple[_Cut | None, int]:
        """The complete records of a block."""
        header, offset, line = self._header, 0, self._line
        if header is None:
            if not is_last and not holds_header(data, self._table):
                return None, 0
            header = find_header(data, self._table)
            offset, line = header.body_offset, header.line + 1
        header, seen = self._look(header, np.frombuffer(data, np.uint8)[offset:], line, is_last)
        if is_last:
            _refuse_truncated(seen)
        elif not len(seen.good):
            return None, 0
        if self._header is None:
            self._table = in_language(self._table, header.captured)
            self._tally = Tally(self._table)
        self._header, self._ended = header, bool(seen.beyond.any())
        self._line = _line_behind(seen, line)
        return _Cut(header, seen, self._table, is_last), offset + len(seen.body)

    def parse(self, block: _Cut) -> Parsed:
        """The rows of these records, and an account of the others."""
        header, seen, table, is_last = block
        footer = _footer(seen, table) | (seen.beyond & ~seen.blank)
        bad = ~(seen.good | seen.blank | footer)
        parsed = _fill(_parse(seen, header), header, table)
        is_total = find_totals(parsed, _FIRST, table)
        totals = parsed.filter(pa.array(is_total))
        rows = parsed.filter(pa.array(~is_total)) if totals.num_rows else parsed
        with self._con.cursor() as cursor:
            sums = summed(cursor, rows, totals, _FIRST, table)
        rejects = _rejects(seen, bad, len(header.cells))
        keyless = np.zeros(rows.num_rows, np.bool_)
        of_row = np.flatnonzero(seen.good)[~is_total]
        for key in (name for name in table.key if name in rows.column_names):
            found = _blank(rows, key) & ~keyless
            rejects += [
                Reject(int(seen.lines[i]), seen.raw(int(i)), f"the key {key} is missing")
                for i in of_row[found]
            ]
            keyless |= found
        rows = rows.filter(pa.array(~keyless)) if keyless.any() else rows
        reading = Reading(
            rows=rows.drop_columns([_FIRST]),
            rows_in=len(seen.lines),
            rejects=tuple(sorted(rejects)),
            skipped=int(seen.blank.sum() + footer.sum()) + totals.num_rows,
            checks=_checks(header, seen.body) if is_last else {},
        )
        return Parsed(reading, is_last, sums)

    def settle(self, parsed: Parsed) -> Reading:
        """The block's reading; of the last one, with what is to be said about the whole file."""
        reading, header, table = parsed.reading, self._header, self._table
        self._tally.add(parsed.found)
        if not parsed.is_last or header is None:
            return reading
        _check_stated_rows(header, self._tally.rows)
        return replace(
            reading,
            undeclared=header.undeclared,
            missing_optional=tuple(
                c.name for c in table.columns if c.name not in reading.rows.column_names
            ),
            checks=reading.checks | self._tally.compared(),
            currency=",".join(sorted(self._tally.currencies)) or header.captured.get("currency"),
            time_zone=header.captured.get("time_zone") or table.time_zone or None,
            is_partial=header.captured.get("is_partial", "").lower() in ("true", "yes", "1"),
        )

    def _look(self, header: Header, body: Bytes, line: int, is_last: bool) -> tuple[Header, _Seen]:
        records = split(body, header.delimiter, is_last)
        blank = records.blank(body)
        if self._header is None:
            header = _with_trailing_cell(header, records, blank, self._table)
        good = records.sound & (records.fields == len(header.cells)) & ~blank
        beyond = self._beyond_the_rows(body, records, good | blank)
        seen = _Seen(body, records, records.line + line, good & ~beyond, blank, beyond)
        return header, seen if is_last else seen.settled()

    def _beyond_the_rows(self, body: Bytes, records: Records, understood: Bools) -> Bools:
        """Which records stand on the line that ends the rows or below it."""
        found = np.full(len(records.start), self._ended)
        pattern = self._table.dialect.ends_at
        if pattern and not self._ended:
            for i in np.flatnonzero(~understood):
                if re.search(pattern, _raw(body, records, int(i))):
                    found[i:] = True
                    break
        return found


def _line_behind(seen: _Seen, first: int) -> int:
    """Physical line on which what follows starts."""
    if not len(seen.lines):
        return first
    last = seen.body[seen.records.start[-1] : seen.records.stop[-1]]
    return int(seen.lines[-1]) + line_feeds(last)


def _with_trailing_cell(header: Header, records: Records, blank: Bools, table: Table) -> Header:
    """The header with a nameless cell more, where the first row ends with a delimiter."""
    first = records.fields[records.sound & ~blank][:1]
    if table.dialect.trailing_delimiter and len(first) and first[0] == len(header.cells) + 1:
        return header._replace(cells=(*header.cells, ""), columns=(*header.columns, ""))
    return header


def _refuse_truncated(seen: _Seen) -> None:
    """A file cut in its last record is refused: its rest is still to come."""
    body, records, lines = seen.body, seen.records, seen.lines
    understood = seen.good | seen.blank | seen.beyond
    if not len(lines):
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


def _footer(seen: _Seen, table: Table) -> Bools:
    """What stands behind the last row and looks like a footer; in between it is a broken row."""
    found = np.zeros(len(seen.good), np.bool_)
    if table.dialect.footer:
        candidates = ~(seen.good | seen.blank | seen.beyond)
        rows = np.flatnonzero(seen.good)
        behind = rows[-1] + 1 if len(rows) else 0
        for i in behind + np.flatnonzero(candidates[behind:]):
            text = seen.raw(int(i))
            found[i] = any(re.search(pattern, text) for pattern in table.dialect.footer)
    return found


def _parse(seen: _Seen, header: Header) -> pa.Table:
    """Parse the sound records with pyarrow; their number must be what the scan counted."""
    body, records, good, lines = seen.body, seen.records, seen.good, seen.lines
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
    turns = np.flatnonzero(np.diff(good, prepend=False, append=False))
    runs = zip(records.start[turns[::2]], records.stop[turns[1::2] - 1], strict=True)
    return np.concatenate([body[start:stop] for start, stop in runs])


def _rejects(seen: _Seen, bad: Bools, expected: int) -> list[Reject]:
    found = []
    for i in np.flatnonzero(bad):
        if seen.records.sound[i]:
            reason = f"expected {expected} fields, got {seen.records.fields[i]}"
        else:
            reason = "a quote or a line end stands where RFC 4180 does not allow it"
        found.append(Reject(int(seen.lines[i]), seen.raw(int(i)), reason))
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
