"""The sample exports through ingestion and staging: no record is lost, none is counted twice."""

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ingestion.landing import ingest_landing
from warehouse.connection import connect
from warehouse.dbt import build
from warehouse.settings import settings

Record = dict[str, Any]

# Model -> sample files, key of a record
SALESFORCE = {
    "leads": "Lead",
    "contacts": "Contact",
    "accounts": "Account",
    "opportunities": "Opportunity",
    "opportunity_contact_roles": "OpportunityContactRole",
    "campaigns": "Campaign",
    "campaign_members": "CampaignMember",
    "tasks": "Task",
}
KEYS: dict[str, tuple[str, Callable[[Record], Any]]] = {
    f"stg_salesforce__{table}": (f"salesforce/{name}.csv", lambda r: r["Id"])
    for table, name in SALESFORCE.items()
} | {
    "stg_hubspot__contacts": ("hubspot/contacts.csv", lambda r: r["Record ID"]),
    "stg_hubspot__email_events": ("hubspot/email_events.csv", lambda r: (r["id"], r["created"])),
    "stg_hubspot__form_submissions": (
        "hubspot/form_submissions.jsonl",
        lambda r: r["conversionId"],
    ),
    "stg_hubspot__subscription_changes": (
        "hubspot/subscription_changes.jsonl",
        lambda r: (r["recipient"].lower(), r["timestamp"], json.dumps(r["changes"])),
    ),
    "stg_google_ads__campaign_days": (
        "google_ads/*.csv",
        lambda r: (r["Day"], r["Campaign ID"], r["Currency code"]),
    ),
    "stg_web_events__pages": (
        "web_events/*.jsonl",
        lambda r: r["messageId"] if r["type"] == "page" else None,
    ),
    "stg_web_events__identifies": (
        "web_events/*.jsonl",
        lambda r: r["messageId"] if r["type"] == "identify" else None,
    ),
    "stg_suppression__suppressions": (
        "suppression/*.csv",
        lambda r: (r["email"].strip().lower(), r["type"]),
    ),
}
# Columns that every record of the sample has.
FILLED = (
    "created_at", "updated_at", "occurred_at", "changed_at", "submitted_at", "report_date",
    "close_date", "is_deleted", "currency", "amount_local", "cost_local", "clicks", "impressions",
    "decision", "lifecycle_stage", "page_host", "page_path",
)  # fmt: skip


def _records(pattern: str) -> Iterator[Record]:
    """Records of the sample, read by the standard library alone."""
    files = sorted(settings().exports.glob(pattern))
    assert files, pattern
    for file in files:
        raw = file.read_bytes()
        text = raw.decode("utf-16" if raw.startswith(b"\xff\xfe") else "utf-8-sig")
        yield from _json_lines(text) if file.suffix == ".jsonl" else _csv_rows(text)


def _json_lines(text: str) -> Iterator[Record]:
    return (json.loads(line) for line in text.splitlines() if line)


def _csv_rows(text: str) -> Iterator[Record]:
    lines = text.splitlines(keepends=True)
    start = 2 if lines[0].startswith("Campaign report") else 0
    delimiter = "\t" if "\t" in lines[start] else ","
    rows = csv.DictReader(lines[start:], delimiter=delimiter)
    return (row for row in rows if not next(iter(row.values())).startswith("Total: "))


@pytest.fixture(scope="module")
def sample(module_home: Path) -> Path:
    """A home with the sample landed and staged."""
    settings().landing.symlink_to(settings().exports)
    assert not ingest_landing().refused
    assert set(KEYS) <= {node.name for node in build("staging").of("success")}
    return module_home


@pytest.mark.usefixtures("sample")
def test_every_record_is_staged_once() -> None:
    expected = {m: len({key(r) for r in _records(p)} - {None}) for m, (p, key) in KEYS.items()}
    assert all(expected.values()), expected
    with connect("test", read_only=True) as con:
        found = {m: con.table(f"staging.{m}").count("*").fetchall()[0][0] for m in KEYS}
    assert found == expected


@pytest.mark.usefixtures("sample")
def test_what_every_record_has_is_never_null() -> None:
    nulls = {}
    with connect("test", read_only=True) as con:
        for model in KEYS:
            columns = [c for c in con.table(f"staging.{model}").columns if c in FILLED]
            assert columns, model
            counts = ", ".join(f"count(*) - count({c})" for c in columns)
            row = con.sql(f"select {counts} from staging.{model}").fetchall()[0]
            nulls |= {f"{model}.{c}": n for c, n in zip(columns, row, strict=True) if n}
    assert not nulls
