"""Other vendors' layouts need a declaration, not code."""

from pathlib import Path
from typing import Any

import duckdb
import pytest

from ingestion.content import Content
from ingestion.errors import FileRefused
from ingestion.parts import read_parts
from ingestion.reading import Reading, whole
from ingestion.sources import Table
from ingestion.text import decode

EXPORTS = Path(__file__).parent / "exports"
CON = duckdb.connect()


def read(raw: bytes, dialect: dict[str, Any], *columns: str, **meta: Any) -> Reading:
    table = Table.model_validate(
        {
            "source": "s", "name": "t", "order": 1, "description": "", "file_pattern": ["s/*"],
            "dialect": {"format": "csv"} | dialect, "load": "append", "key": [columns[0]],
            "event_column": columns[0],
            "columns": [
                {"name": c, "description": "", "pii": "none", "purposes": []} for c in columns
            ],
        }
        | meta
    )  # fmt: skip
    return whole(read_parts(CON, Content.of(raw), table))


META = {
    "totals": {"blank": ["Campaign name", "Campaign ID"], "sums": {"Amount spent (EUR)": 0}},
    "number": {"thousands": ","},
}
META_COLUMNS = ("Day", "Campaign name", "Campaign ID", "Amount spent (EUR)")


def test_meta_ads_manager_totals_come_first_with_a_blank_name() -> None:
    raw = (EXPORTS / "meta_ads_manager.csv").read_bytes()
    reading = read(raw, META, *META_COLUMNS)
    assert (reading.rows.num_rows, reading.skipped) == (3, 1)
    assert reading.checks["totals"]["sums"] == {"Amount spent (EUR)": "110.1"}
    with pytest.raises(FileRefused, match=r"says Amount spent \(EUR\) 110\.11, but .* 110\.1 "):
        read(raw.replace(b'"110.10"', b'"110.11"'), META, *META_COLUMNS)


def test_linkedin_campaign_manager_has_five_lines_above_the_header() -> None:
    raw = (EXPORTS / "linkedin_campaign_manager_utf16.csv").read_bytes()
    dialect = {
        "encodings": ["utf-16", "utf-8"], "delimiters": ["\t", ","], "header_within": 12,
        "capture": {
            "time_zone": r"\(in (?P<time_zone>[A-Z]+)\)",
            "start": r"^Report Start: (?P<start>\S+)$",
        },
    }  # fmt: skip
    reading = read(
        raw, dialect, "Start Date (in UTC)", "Campaign Group ID", "Currency", "Total Spent",
        currency_column="Currency",
    )  # fmt: skip
    assert reading.rows["Total Spent"].to_pylist() == ["1,234.50", "10.25", "100.00"]
    assert reading.rows["_line"].to_pylist() == [7, 8, 9]
    assert (reading.currency, reading.time_zone) == ("USD", "UTC")
    assert reading.checks["captured"]["start"] == "09/01/2026"


MICROSOFT = (
    '"Report Name: Campaign Performance"\r\n"Time Zone: Pacific"\r\n'
    '"Potential Incomplete Data: true"\r\n"Rows: 2"\r\n\r\nTimePeriod,Spend\r\n'
    '2026-09-01,1.00\r\n2026-09-02,2.00\r\n"©2026 Microsoft Corporation. All rights reserved. "\r\n'
)
MICROSOFT_DIALECT = {
    "header_within": 15,
    "capture": {
        "time_zone": '"Time Zone: (?P<time_zone>[^"]+)"',
        "is_partial": '"Potential Incomplete Data: (?P<is_partial>[^"]+)"',
        "rows": '"Rows: (?P<rows>[^"]+)"',
    },
    "footer": ["Microsoft Corporation"],
}


def test_microsoft_ads_says_how_many_rows_it_holds_and_whether_they_are_all() -> None:
    reading = read(MICROSOFT.encode(), MICROSOFT_DIALECT, "TimePeriod", "Spend")
    assert (reading.rows.num_rows, reading.skipped, reading.rejects) == (2, 1, ())
    assert (reading.time_zone, reading.is_partial) == ("Pacific", True)
    with pytest.raises(FileRefused, match="says it holds 3 rows, but 2 were found"):
        text = MICROSOFT.replace("Rows: 2", "Rows: 3")
        read(text.encode(), MICROSOFT_DIALECT, "TimePeriod", "Spend")


SECTIONS = (
    'Topic,Webinar\n"Pipelines, live",847 5984 1045\nDetails,\nEmail,Minutes\n'
    "a@x.test,12,\nb@x.test,3,\nOthers,\nName,Minutes\n+1 202,5\n"
)
SECTIONS_DIALECT = {
    "header_within": 10, "ends_at": "^Others", "trailing_delimiter": True,
    "capture": {"id": r",(?P<id>\d{3} \d{4} \d{4})$"},
}  # fmt: skip


def test_a_section_of_a_report_carries_what_stands_above_it() -> None:
    columns = [
        {"name": name, "description": "", "pii": "none", "purposes": []} | meta
        for name, meta in {"Email": {}, "Minutes": {}, "Webinar": {"from_header": "id"}}.items()
    ]
    reading = read(SECTIONS.encode(), SECTIONS_DIALECT, "Email", columns=columns)
    assert reading.rows.to_pydict() == {
        "Email": ["a@x.test", "b@x.test"],
        "Minutes": ["12", "3"],
        "Webinar": ["847 5984 1045"] * 2,
        "_line": [5, 6],
    }
    assert (reading.rows_in, reading.skipped, reading.rejects) == (5, 3, ())
    assert (reading.undeclared, reading.missing_optional) == ((), ())
    for fewer in (SECTIONS.replace(",\n", "\n"), SECTIONS.split("Others", maxsplit=1)[0]):
        assert read(fewer.encode(), SECTIONS_DIALECT, "Email", columns=columns).rows.num_rows == 2
    with pytest.raises(FileRefused, match="says its id neither in its header nor above it"):
        text = SECTIONS.replace("847 5984 1045", "unknown")
        read(text.encode(), SECTIONS_DIALECT, "Email", columns=columns)


def test_marketo_json_inside_csv_stays_text() -> None:
    raw = (EXPORTS / "marketo_bulk_activities.csv").read_bytes()
    reading = read(raw, {}, "marketoGUID", "primaryAttributeValue", "attributes")
    assert (
        reading.rows["attributes"].to_pylist()[2]
        == '{"Merge IDs":[5414087],"Merged in Sales":false}'
    )
    assert reading.rows["primaryAttributeValue"].to_pylist()[2] == "null"


def test_declared_encodings_are_tried_in_order() -> None:
    for written, declared in (("latin-1", ["utf-8", "latin-1"]), ("utf-8", ["utf-8", "latin-1"]),
                              ("utf-16-be", ["utf-16-be"])):  # fmt: skip
        for block in (1, 2, 3, 100):
            found = decode(Content.of("né".encode(written)), declared, block)
            assert found.encoding == written
            assert b"".join(piece for piece, _ in found.blocks()) == "né".encode()
