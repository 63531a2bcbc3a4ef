"""The scan against Python's csv module: what is counted, parsed and accounted for agrees."""

import csv
import io

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion import records as records_module
from ingestion.csv_reader import CsvReader
from ingestion.errors import FileRefused
from ingestion.reading import LINE, Reading
from ingestion.records import Records, split
from ingestion.sources import Table

CON = duckdb.connect()
CELLS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
KEYS = CELLS.map("k{}".format)
TABLES = st.integers(2, 4).flatmap(
    lambda n: st.lists(st.tuples(KEYS, *[CELLS] * (n - 1)).map(list), max_size=12).map(
        lambda rows: (n, rows)
    )
)
# Few letters, many quotes and line ends: most of these bodies are broken somewhere.
BROKEN = st.text(st.sampled_from('a,"\n\r é'), max_size=60)


def table(columns: int, delimiter: str = ",") -> Table:
    """A table whose columns are c0, c1, …, all required."""
    return Table.model_validate(
        {
            "source": "s", "name": "t", "order": 1, "description": "", "file_pattern": ["s/*"],
            "dialect": {"format": "csv", "delimiters": [delimiter]}, "load": "append",
            "key": ["c0"], "event_column": "c0",
            "columns": [
                {"name": f"c{i}", "description": "", "pii": "none", "purposes": []}
                for i in range(columns)
            ],
        }
    )  # fmt: skip


def read(data: bytes, of: Table) -> Reading:
    """A whole file at once."""
    return CsvReader(CON, of).read(data, True)[0]


def written(columns: int, rows: list[list[str]], **kwargs: object) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, **kwargs)  # type: ignore[arg-type]
    writer.writerow([f"c{i}" for i in range(columns)])
    writer.writerows(rows)
    return out.getvalue().encode()


@settings(max_examples=300, deadline=None)
@given(
    TABLES, st.sampled_from(["\n", "\r\n"]), st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    st.sampled_from([",", ";", "\t"]),
)  # fmt: skip
def test_well_formed_files_read_as_pythons_csv_module_reads_them(
    shape: tuple[int, list[list[str]]], end: str, quoting: int, delimiter: str
) -> None:
    columns, rows = shape
    if any("\r" in cell for row in rows for cell in row):
        quoting = csv.QUOTE_ALL  # the writer leaves a carriage return bare otherwise
    data = written(columns, rows, lineterminator=end, quoting=quoting, delimiter=delimiter)
    reader = csv.reader(io.StringIO(data.decode(), newline=""), delimiter=delimiter)
    next(reader)
    expected = []
    before = reader.line_num
    for row in reader:
        # line_num counts a carriage return inside a value as a line end; line feeds are the law.
        expected.append((*row, before))
        before = reader.line_num
    reading = read(data, table(columns, delimiter))
    found = [tuple(row.values()) for row in reading.rows.to_pylist()]
    assert [row[:-1] for row in found] == [row[:-1] for row in expected] == list(map(tuple, rows))
    assert reading.rows_in == len(rows)
    assert (reading.rejects, reading.skipped, reading.balanced) == ((), 0, True)
    if not any("\r" in cell for row in rows for cell in row):
        assert [row[-1] for row in found] == [line + 1 for *_, line in expected]


@settings(max_examples=500, deadline=None)
@given(BROKEN)
def test_rows_in_is_loaded_plus_rejected_plus_skipped_whatever_comes(body: str) -> None:
    try:
        reading = read(b"c0,c1\n" + body.encode(), table(2))
    except FileRefused as refusal:
        assert "truncated" in str(refusal)
        return
    assert reading.balanced
    lines = body.split("\n")
    at = [*reading.rows[LINE].to_pylist(), *(r.line for r in reading.rejects)]
    assert len(set(at)) == len(at) <= len(lines)
    for reject in reading.rejects:
        line = lines[reject.line - 2]
        assert reject.raw_text.split("\n")[0] in (line, line.removesuffix("\r"))


@settings(max_examples=500, deadline=None)
@given(BROKEN)
def test_no_byte_is_lost_or_used_twice(body: str) -> None:
    data = np.frombuffer(body.encode(), np.uint8)
    found = split(data, ",")
    covered = np.zeros(len(data), int)
    for start, end in zip(found.start, found.end, strict=True):
        covered[start:end] += 1
    assert covered.max(initial=0) <= 1
    assert set(data[covered == 0].tobytes()) <= set(b"\r\n")


@settings(max_examples=500, deadline=None)
@given(st.lists(BROKEN, max_size=4).map("\n".join), st.integers(0, 60))
def test_what_a_body_goes_on_with_changes_nothing_before_it(body: str, cut: int) -> None:
    data = np.frombuffer(body.encode(), np.uint8)
    whole, begun = split(data, ","), split(data[:cut], ",", is_last=False)
    count = len(begun.start)
    assert begun.open_at == -1
    for one, other in zip(whole[:5], begun[:5], strict=True):
        assert np.array_equal(one[:count], other)


@settings(max_examples=300, deadline=None)
@given(st.lists(BROKEN, max_size=4).map("\n".join), st.integers(1, 9))
def test_the_window_of_the_careful_path_changes_nothing(body: str, window: int) -> None:
    def cut() -> Records:
        return split(np.frombuffer(body.encode(), np.uint8), ",")

    wide = cut()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(records_module, "_WINDOW", window)
        narrow = cut()
    for one, other in zip(wide, narrow, strict=True):
        assert np.array_equal(one, other)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 9), CELLS.filter(lambda c: "\r" not in c)), min_size=1),
    st.sampled_from(['x"y,1', '"open,1', 'x,"y"z', "one", "a,b,c", '"a""b"c,1']),
    st.data(),
)
def test_one_bad_line_costs_one_line(
    rows: list[tuple[int, str]], bad: str, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(rows) - 1))
    # every good row is quoted, so an open quote meets a contradiction on the next line
    good = [f'"{i}","{cell.replace(chr(34), chr(34) * 2)}."\n'.encode() for i, cell in rows]
    body = b"".join([*good[:at], bad.encode() + b"\n", *good[at:]])
    reading = read(b"c0,c1\n" + body, table(2))
    assert [r.raw_text for r in reading.rejects] == [bad]
    assert reading.rows["c1"].to_pylist() == [f"{cell}." for _, cell in rows]


def test_a_stray_quote_in_an_unquoted_file_costs_one_line() -> None:
    body = "\n".join(["1,a", '2,"b', *(f"{i},x" for i in range(3, 9_000))]) + "\n"
    reading = read(b"c0,c1\n" + body.encode(), table(2))
    assert [r.line for r in reading.rejects] == [3]
    assert reading.rows.num_rows == 8_998
    assert reading.rows[LINE].to_pylist()[-1] == 9_000


def test_a_record_larger_than_the_parsers_block() -> None:
    rows = [["1", "x" * 9_000_000], ["2", "y\nz"]]
    assert read(written(2, rows), table(2)).rows["c1"].to_pylist() == [cell for _, cell in rows]
