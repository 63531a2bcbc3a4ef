"""Normal forms at landing: every distinct value worked out once, next to the text as it came."""

import pyarrow as pa

from ingestion.identifiers import add_normal_forms
from ingestion.sources import Table


def _table() -> Table:
    columns = [
        {"name": "id"},
        {"name": "mail", "identifier": "email"},
        {"name": "phone", "identifier": "phone", "region_from": "country"},
        {"name": "country"},
        {"name": "mails", "identifier": "email", "separator": ";"},
    ]
    return Table.model_validate(
        {
            "source": "s", "name": "t", "order": 1, "description": "", "file_pattern": ["s/*"],
            "dialect": {"format": "csv"}, "load": "append", "key": ["id"], "event_column": "id",
            "columns": [c | {"description": "", "pii": "none", "purposes": []} for c in columns],
        }
    )  # fmt: skip


def test_each_distinct_value_and_region_once() -> None:
    calls = []

    def fake(kind: str, value: str, region: str | None) -> str | None:
        calls.append((kind, value, region))
        return None if value == "bad" else f"{value.lower()}/{region}"

    rows = pa.table(
        {
            "mail": ["A", "bad", "A", "", None],
            "phone": ["1", "1", "1", "2", " "],
            "country": ["US", "DE", "US", "", "US"],
            "mails": ["A; b", "bad", ";", "bad;C", ""],
        }
    )
    found = add_normal_forms(rows, _table(), fake)
    assert found["_normal_mail"].to_pylist() == ["a/None", None, "a/None", None, None]
    assert found["_normal_phone"].to_pylist() == ["1/US", "1/DE", "1/US", "2/None", None]
    assert found["_normal_mails"].to_pylist() == ["a/None;b/None", None, None, "c/None", None]
    assert calls.count(("email", "A", None)) == 2  # once for each column
    assert calls.count(("phone", "1", "US")) == 1


def test_a_column_the_file_does_not_have_has_no_normal_forms() -> None:
    found = add_normal_forms(pa.table({"id": ["1", "2"]}), _table(), lambda *_: "x")
    assert found["_normal_mail"].to_pylist() == [None, None]


def test_with_the_identity_rooms_normaliser(land, ingest, query) -> None:
    land("suppression/s.csv", "email,type,occurred_at,source\n Ann@Example.TEST ,a,,\nnone,b,,\n")
    ingest()
    assert query(
        "select email, _normal_email from raw_suppression.suppressions order by _line"
    ) == [
        (" Ann@Example.TEST ", "ann@example.test"),
        ("none", None),
    ]
