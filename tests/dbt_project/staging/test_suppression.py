"""Suppression staging: nobody drops off the list."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

Table = Callable[[str], list[dict[str, Any]]]

ROWS = [
    {"email": "Zoe@Example.test", "_normal_email": "zoe@example.test", "type": "Unsubscribe",
     "occurred_at": "2026-03-02T10:00:00Z", "source": "crm"},
    {"email": "zoe@example.test", "_normal_email": "zoe@example.test", "type": "unsubscribe",
     "occurred_at": "2026-03-01T10:00:00Z", "source": "crm", "_load_id": "00000002-bbbbbbbbbbbb"},
    {"email": "zoe@example.test", "_normal_email": "zoe@example.test", "type": "complaint",
     "occurred_at": "never", "source": ""},
    {"email": " Not An Address", "type": "hard_bounce", "occurred_at": "2026-03-01T12:00:00+02:00"},
]  # fmt: skip


@pytest.fixture(scope="module")
def rows(stage: Callable[..., Table]) -> list[dict[str, Any]]:
    return stage("suppression", {"suppressions": ROWS})("stg_suppression__suppressions")


def test_one_row_per_address_and_reason_whatever_the_load_order(rows: list[dict[str, Any]]) -> None:
    found = sorted((row["email"], row["suppression_type"], row["occurred_at"]) for row in rows)
    assert found == [
        ("not an address", "hard_bounce", datetime(2026, 3, 1, 10)),
        ("zoe@example.test", "complaint", None),
        ("zoe@example.test", "unsubscribe", datetime(2026, 3, 2, 10)),
    ]


def test_an_empty_source_is_null(rows: list[dict[str, Any]]) -> None:
    assert {row["suppression_source"] for row in rows} == {"crm", None}
