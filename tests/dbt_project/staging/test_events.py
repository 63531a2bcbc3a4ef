"""Badge scan staging: offsets, boxes that were ticked, scans that are exported again."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

Table = Callable[[str], list[dict[str, Any]]]


def _scan(key: str, at: str = "2026-02-12T10:15:03Z", **fields: str) -> dict[str, Any]:
    row = {"Scan ID": key, "Event Name": "Summit", "Scanned At": at, "Marketing Consent": ""}
    return row | fields


ROWS = [
    _scan("ticked", Email="Zoe@Example.test", _normal_Email="zoe@example.test", Company=" ",
          **{"Marketing Consent": "YES"}),
    _scan("not ticked", Email=" No Address ", **{"Marketing Consent": "no"}),
    _scan("not asked", Email="", **{"Job Title": "部長"}),
    _scan("word", **{"Marketing Consent": "maybe"}),
    _scan("tokyo", "2026-02-13T00:05:00+09:00"),
    _scan("short offset", "2026-02-12 23:05:00-0500"),
    _scan("no offset", "2026-02-12T10:15:03"),
    _scan("nonsense", "12/02/2026 10:15"),
    _scan("again", Booth="A-1"),
    _scan("again", Booth="A-2", _load_id="00000002-bbbbbbbbbbbb"),
]  # fmt: skip


@pytest.fixture(scope="module")
def rows(stage: Callable[..., Table]) -> dict[str, dict[str, Any]]:
    table = stage("events", {"badge_scans": ROWS})
    return {row["badge_scan_id"]: row for row in table("stg_events__badge_scans")}


def test_only_a_ticked_box_is_a_permission(rows: dict[str, dict[str, Any]]) -> None:
    names = ("ticked", "not ticked", "not asked", "word")
    found = [rows[name]["has_marketing_consent"] for name in names]
    assert found == [True, False, None, None]


def test_times_are_utc_or_unknown(rows: dict[str, dict[str, Any]]) -> None:
    names = ("ticked", "tokyo", "short offset", "no offset", "nonsense")
    assert [rows[name]["scanned_at"] for name in names] == [
        datetime(2026, 2, 12, 10, 15, 3),
        datetime(2026, 2, 12, 15, 5),
        datetime(2026, 2, 13, 4, 5),
        None,
        None,
    ]


def test_the_person_on_the_badge(rows: dict[str, dict[str, Any]]) -> None:
    assert (rows["ticked"]["email"], rows["ticked"]["company_name"]) == ("zoe@example.test", None)
    assert (rows["not ticked"]["email"], rows["not asked"]["email"]) == ("no address", None)
    assert rows["not asked"]["job_title"] == "部長"


def test_the_last_export_of_a_scan_counts(rows: dict[str, dict[str, Any]]) -> None:
    assert (rows["again"]["booth"], len(rows)) == ("A-2", 9)
