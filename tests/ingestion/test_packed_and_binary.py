"""Packed files, spreadsheets and Parquet files land as their plain text would."""

import gzip
import io
import re
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

EXPORTS = Path(__file__).parent / "exports"
PLAIN = (
    "email,type,occurred_at,source\n"
    "ann@example.test,unsubscribe,2026-03-01T10:00:00Z,hubspot\n"
    'bob@example.test,complaint,2026-03-02T10:00:00Z,"two\nlines"\n'
    "cleo@example.test,hard_bounce,2026-03-03T10:00:00Z,\n"
)
ROWS = [
    ("ann@example.test", "unsubscribe", "2026-03-01T10:00:00Z", "hubspot"),
    ("bob@example.test", "complaint", "2026-03-02T10:00:00Z", "two\nlines"),
    ("cleo@example.test", "hard_bounce", "2026-03-03T10:00:00Z", ""),
]
SELECT = """
    select email, type, occurred_at, source, _line from raw_suppression.suppressions order by _line
"""


def zipped(*members: tuple[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return target.getvalue()


def workbook(**sheets: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    target = io.BytesIO()
    book.save(target)
    return target.getvalue()


def parquet(**columns: list[Any]) -> bytes:
    target = io.BytesIO()
    pq.write_table(pa.table(columns), target)
    return target.getvalue()


TABLE = [["email", "type", "occurred_at", "source"], *map(list, ROWS)]
FORMS = {
    "list.csv.gz": (gzip.compress(PLAIN.encode()), [2, 3, 5]),
    "list.zip": (zipped(("list.csv", PLAIN.encode()), ("__MACOSX/._list.csv", b"x")), [2, 3, 5]),
    "list.csv": (PLAIN.encode(), [2, 3, 5]),
    "list.xlsx": (workbook(Report=TABLE), [2, 3, 4]),
    "list.parquet": (
        parquet(**{name: [row[i] for row in ROWS] for i, name in enumerate(TABLE[0])}),
        [1, 2, 3],
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_every_form_lands_the_same_rows(
    land: Callable[..., Path], ingest: Any, query: Any, name: str
) -> None:
    raw, lines = FORMS[name]
    land(f"suppression/{name}", raw)
    load = ingest()[f"suppression/{name}"].load
    assert (load.status, load.rows_in, load.rows_loaded) == ("loaded", 3, 3), load.message
    assert query(SELECT) == [(*row, line) for row, line in zip(ROWS, lines, strict=True)]


def test_a_packed_copy_is_the_same_content(land: Any, ingest: Any, query: Any) -> None:
    land("suppression/a.csv", PLAIN)
    land("suppression/b.csv.gz", FORMS["list.csv.gz"][0])
    land("suppression/c.csv.zip", FORMS["list.zip"][0])
    found = ingest()
    assert [found[f"suppression/{n}"].outcome for n in ("a.csv", "b.csv.gz", "c.csv.zip")] == [
        "loaded", "duplicate", "duplicate",
    ]  # fmt: skip
    assert len(query(SELECT)) == 3


PACKED = gzip.compress(PLAIN.encode())
REFUSED = {
    "cut.csv.gz": (PACKED[:-9], "truncated or damaged"),
    "spoilt.csv.gz": (PACKED[:20] + bytes([PACKED[20] ^ 255]) + PACKED[21:], "truncated or damag"),
    "cut.csv.zip": (FORMS["list.zip"][0][:-30], "truncated or damaged"),
    "two.csv.zip": (zipped(("a.csv", b"x"), ("b.csv", b"y")), "a zip with 2 files: expected one"),
    "none.csv.zip": (zipped(), "a zip with 0 files: expected one"),
    "cut.xlsx": (FORMS["list.xlsx"][0][:-200], "truncated or damaged"),
    "empty.xlsx": (workbook(Report=[]), "a spreadsheet without a cell"),
    "twice.xlsx": (workbook(A=TABLE, B=TABLE), r"several of its sheets hold .* \(A, B\)"),
    "nowhere.xlsx": (workbook(A=[["x"]], B=[["y"]]), r"no sheet holds the header .* \(A, B\)"),
    "cut.parquet": (FORMS["list.parquet"][0][:-20], "cannot be read as Parquet"),
    "nested.parquet": (parquet(email=[{"a": 1}]), "column email is nested"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_read_is_refused_with_its_reason(
    land: Any, ingest: Any, query: Any, name: str
) -> None:
    raw, message = REFUSED[name]
    land(f"suppression/{name}", raw)
    result = ingest()[f"suppression/{name}"]
    assert result.outcome == "refused"
    assert re.search(message, result.load.message)
    assert query(SELECT) == []


def test_the_sheet_with_the_header_is_found_and_cells_read_as_text(
    land: Any, ingest: Any, query: Any
) -> None:
    cover = [["Exported by", "operations"]]
    rows = [
        ["email", "type", "occurred_at", "source"],
        ["ann@example.test", "unsubscribe", date(2026, 3, 1), 48210],
        [],
        ["bob@example.test", "complaint", "2026-03-02", 1204.5],
    ]
    land("suppression/list.xlsx", workbook(Cover=cover, Data=rows))
    load = ingest()["suppression/list.xlsx"].load
    assert (load.rows_in, load.rows_loaded, load.rows_skipped) == (3, 2, 1)
    assert load.checks["sheet"] == "Data"
    assert [(at, source, line) for _, _, at, source, line in query(SELECT)] == [
        ("2026-03-01", "48210", 2),
        ("2026-03-02", "1204.5", 4),
    ]


def test_a_parquet_file_of_nested_events_lands_by_its_paths(
    land: Any, ingest: Any, query: Any
) -> None:
    event = {
        "messageId": "m-1", "type": "page", "anonymousId": "a-1",
        "timestamp": "2026-03-01T10:00:00Z", "context": {"page": {"url": "https://x.example/?a=1"}},
    }  # fmt: skip
    with duckdb.connect() as con:
        con.register("events", pa.Table.from_pylist([event, event | {"messageId": "m-2"}]))
        rows = con.sql("from events").to_arrow_table()
    target = io.BytesIO()
    pq.write_table(rows, target)
    land("web_events/day.parquet", target.getvalue())
    load = ingest()["web_events/day.parquet"].load
    assert (load.status, load.rows_loaded) == ("loaded", 2), load.message
    assert query(
        "select message_id, anonymous_id, url, _line from raw_web_events.events order by _line"
    ) == [
        ("m-1", "a-1", "https://x.example/?a=1", 1),
        ("m-2", "a-1", "https://x.example/?a=1", 2),
    ]
