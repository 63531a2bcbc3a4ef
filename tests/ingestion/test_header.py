"""Header drift: what still is the declared column, and what is not."""

from typing import Any

import pytest
from pydantic import ValidationError

from ingestion.errors import FileRefused
from ingestion.header import find_header
from ingestion.sources import Table

HEADER = "email,type,occurred_at,source"
ROW = "a@b.test,complaint,2026-01-01T00:00:00Z,crm"
FILE = "suppression/s.csv"


@pytest.mark.parametrize(
    "header",
    [HEADER, "\ufeff" + HEADER, " email , type,occurred_at , source",
     "Email,TYPE,occurred_at,Source",
     '"email","type","occurred_at","source"', "\ufeff" + '"email",type,occurred_at,source'],
)  # fmt: skip
def test_the_same_columns_however_the_header_is_spelt(land, ingest, query, header: str) -> None:
    land(FILE, f"{header}\r\n{ROW}\r\n")
    assert ingest()[FILE].load.undeclared_columns == ()
    assert query("select email, type, occurred_at, source from raw_suppression.suppressions") == [
        tuple(ROW.split(","))
    ]


def test_columns_may_come_in_any_order_and_new_ones_are_left_out(land, ingest, query) -> None:
    land(
        FILE, f"ip,source,{HEADER.replace(',source', '')}\n9.9.9.9,crm,{ROW.removesuffix(',crm')}\n"
    )
    load = ingest()[FILE].load
    assert load.undeclared_columns == ("ip",)
    assert "not declared, so not loaded: ip" in load.message
    assert query("select email, source from raw_suppression.suppressions") == [("a@b.test", "crm")]
    columns = query("describe raw_suppression.suppressions")
    assert [c[0] for c in columns] == [
        "email", "type", "occurred_at", "source", "_normal_email",
        "_file", "_line", "_load_id", "_loaded_at",
    ]  # fmt: skip


def test_an_alias_lands_under_the_declared_name(land, ingest, query, google) -> None:
    text = google([("2026-09-01", "1", "USD", "5.00")], "5.00").replace("Impr.", "Impressions")
    land("google_ads/r.csv", text)
    load = ingest()["google_ads/r.csv"].load
    assert load.checks["renamed_columns"] == {"Impressions": "Impr."}
    assert query('select "Impr." from raw_google_ads.campaign_report') == [("10",)]


def test_names_that_differ_in_case_alone_stay_apart(land, ingest, query) -> None:
    land(FILE, f"{HEADER},EMAIL\n{ROW},other\n")
    assert ingest()[FILE].load.undeclared_columns == ("EMAIL",)
    assert query("select email from raw_suppression.suppressions") == [("a@b.test",)]


def _priced(pattern: str = r"Price \((?P<unit>\w+)\)", said: str = "unit") -> Table:
    shared = {"description": "", "pii": "none", "purposes": []}
    declared: dict[str, Any] = {
        "source": "s", "name": "t", "order": 1, "description": "", "file_pattern": ["s/*"],
        "dialect": {
            "format": "csv", "header_within": 2, "capture": {"unit": "^Unit: (?P<unit>.+)$"},
        },
        "load": "append", "key": ["Price"], "event_column": "Price",
        "columns": [
            shared | {"name": "Price", "alias_patterns": [pattern]},
            shared | {"name": "Unit", "from_header": said},
        ],
    }  # fmt: skip
    return Table.model_validate(declared)


@pytest.mark.parametrize("text", ["Price (kg)\n", "Unit: kg\nPrice\n", "Unit: kg\nPrice (kg)\n"])
def test_what_a_name_says_is_captured_as_from_the_lines_above(text: str) -> None:
    header = find_header(text.encode(), _priced())
    assert (header.columns, header.captured) == (("Price",), {"unit": "kg"})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Unit: t\nPrice (kg)\n", "says unit t and kg"),
        ("Price\n", "says its unit neither in its header nor above it"),
        ("Price (kg) net\n", "missing declared column Price"),
        ("Unit\n", "missing declared column Price"),
    ],
)
def test_a_header_that_says_two_things_or_nothing_is_refused(text: str, reason: str) -> None:
    with pytest.raises(FileRefused, match=reason):
        find_header(text.encode(), _priced())


@pytest.mark.parametrize(
    ("pattern", "said", "reason"),
    [("Price (", "unit", "is no regular expression"), ("Price", "zone", "never captured: zone")],
)
def test_a_pattern_that_cannot_work_is_a_broken_declaration(
    pattern: str, said: str, reason: str
) -> None:
    with pytest.raises(ValidationError, match=reason):
        _priced(pattern, said)
