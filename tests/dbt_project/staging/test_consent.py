"""Consent staging: a row per subject, purpose and event; nothing becomes a permission by chance."""

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

Table = Callable[[str], list[dict[str, Any]]]

UPDATED = "Segment Consent Preference Updated"
AT = "2026-03-01T10:00:00.200Z"
SECOND = "00000002-bbbbbbbbbbbb"
# What OneTrust calls a decision -> what it is here
DECISIONS = {
    "CONFIRMED": "granted",
    "OPT_IN": "granted",
    "NOTGIVEN": "denied",
    "WITHDRAWN": "withdrawn",
    "OPT_OUT": "withdrawn",
    "HARD_OPT_OUT": "withdrawn",
    "EXPIRED": "withdrawn",
    "PENDING": "pending",
    "NO_CHOICE": None,
    "NO_OPT_OUT": None,
    "IMPLICIT": None,
    "EXTEND": None,
    "CHANGE_PREFERENCES": None,
    "CANCEL": None,
    "NEW_WORD": None,
}


def _message(key: str, preferences: Any, **fields: Any) -> dict[str, Any]:
    row = {"message_id": key, "event": UPDATED, "anonymous_id": "cookie", "timestamp": AT}
    text = preferences if isinstance(preferences, str) else json.dumps(preferences)
    return row | {"preferences": text} | fields


def _receipt(kind: str, **fields: Any) -> dict[str, Any]:
    row = {"receiptId": "r1", "identifier": "Zoe@Example.test", "purposeGuid": "ABC-1"}
    row |= {"_normal_identifier": "zoe@example.test", "transactionType": kind}
    return row | {"interactionDate": "2026-03-01T10:00:00.000"} | fields


MESSAGES = [
    _message("two", {"Advertising": False, "Analytics": True}, user_id="u-1",
             _normal_email="zoe@example.test"),
    _message("none", {}, timestamp="2026-03-02T12:00:00.000+02:00", user_id=""),
    _message("names", {"a/b~c": True, 'quo"te': False, "a.b[0]": True}),
    _message("words", {"C0001": "TRUE", "C0002": "maybe", "C0003": None, "C0004": 1}),
    _message("list", "[true]"),
    _message("text", "granted"),
    _message("page", {"Analytics": True}, event="Page Viewed"),
    _message("again", {"Analytics": True}, received_at="2026-03-01T10:00:02Z"),
    _message("again", {"Analytics": False}, received_at="2026-03-01T10:00:01Z", _load_id=SECOND),
]  # fmt: skip
RECEIPTS = [
    *(_receipt(kind) for kind in DECISIONS),
    _receipt("CONFIRMED", purposeGuid="abc-2", purposeVersion="2", test="TRUE",
             interactionDate="", consentDate="2026-03-05T09:30:00+01:00",
             expiryDate="2028-03-05T00:00:00Z"),
    _receipt("WITHDRAWN", receiptId="r2", identifier="CRM-42", _normal_identifier=None),
    _receipt("WITHDRAWN", receiptId="r2", identifier="CRM-42", _normal_identifier=None,
             test="false", _load_id=SECOND),
]  # fmt: skip


@pytest.fixture(scope="module")
def table(stage: Callable[..., Table]) -> Table:
    return stage("consent", {"segment_preferences": MESSAGES, "onetrust_receipts": RECEIPTS})


@pytest.fixture(scope="module")
def answers(table: Table) -> dict[tuple[str, str], dict[str, Any]]:
    rows = table("stg_consent__segment_preferences")
    return {(row["segment_message_id"], row["purpose"]): row for row in rows}


def test_each_category_of_a_message_is_a_decision(answers) -> None:
    assert {key: row["decision"] for key, row in answers.items()} == {
        ("two", "Advertising"): "denied",
        ("two", "Analytics"): "granted",
        ("none", "(all)"): "denied",
        ("names", "a/b~c"): "granted",
        ("names", 'quo"te'): "denied",
        ("names", "a.b[0]"): "granted",
        ("words", "C0001"): "granted",
        ("words", "C0002"): None,
        ("words", "C0003"): None,
        ("words", "C0004"): None,
        ("again", "Analytics"): "granted",
    }


def test_who_decided_and_when(answers) -> None:
    row, empty = answers["two", "Analytics"], answers["none", "(all)"]
    assert (row["anonymous_id"], row["user_id"], row["email"]) == (
        "cookie",
        "u-1",
        "zoe@example.test",
    )
    assert row["decided_at"] == datetime(2026, 3, 1, 10, 0, 0, 200_000)
    assert (empty["decided_at"], empty["user_id"]) == (datetime(2026, 3, 2, 10), None)


def test_onetrust_decisions(table: Table) -> None:
    rows = [r for r in table("stg_consent__onetrust_receipts") if r["purpose"] == "abc-1"]
    zoe = {r["transaction_type"]: r["decision"] for r in rows if r["email"]}
    assert zoe == {kind.lower(): decision for kind, decision in DECISIONS.items()}
    assert {r["decided_at"] for r in rows} == {datetime(2026, 3, 1, 10)}


def test_a_receipt_that_is_exported_again_is_one_row(table: Table) -> None:
    rows = table("stg_consent__onetrust_receipts")
    assert len(rows) == len(DECISIONS) + 2
    (other,) = [row for row in rows if row["purpose"] == "abc-2"]
    assert (other["purpose_version"], other["is_test"]) == (2, True)
    assert other["decided_at"] == datetime(2026, 3, 5, 8, 30)
    assert other["expires_at"] == datetime(2028, 3, 5)
    (unnamed,) = [row for row in rows if row["onetrust_receipt_id"] == "r2"]
    assert (unnamed["subject_identifier"], unnamed["email"]) == ("CRM-42", None)
    assert (unnamed["is_test"], unnamed["_load_id"]) == (False, SECOND)
