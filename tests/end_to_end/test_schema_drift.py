"""Exports whose shape has drifted: a column gone, a header renamed, a type changed."""

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from expectations.rules import read_rules
from expectations.suites import casts
from ingestion.landing import ingest_landing
from ingestion.load import FileResult
from ingestion.sources import find_table, read_tables
from ops.report import summarise
from ops.state import ensure_state
from ops.table import render
from warehouse.connection import connect
from warehouse.dbt import build
from warehouse.settings import settings

AS_OF = datetime(2026, 6, 30)
WON = {"IsWon": "true", "IsClosed": "true", "CloseDate": "2026-03-01"}
AMOUNTS = ["1.234,56"] * 11 + ["100.00", ""]
"""Eleven of twelve texts are no numbers in the plain form that Salesforce writes."""
Covered = Callable[[str], None]
Query = Callable[[str], list[tuple[Any, ...]]]


def _export(file: str, source: str, table: str, rows: Sequence[Mapping[str, str]],
            **renamed: str) -> None:  # fmt: skip
    """Write a CSV export; `renamed` gives a column another header, or none at all."""
    declared = find_table(read_tables(), source, table)
    headers = {c.name: renamed.get(c.name.replace(" ", "_"), c.name) for c in declared.columns}
    target = io.StringIO()
    writer = csv.DictWriter(target, [h for h in headers.values() if h], restval="")
    writer.writeheader()
    writer.writerows({headers[k]: v for k, v in row.items() if headers[k]} for row in rows)
    path = settings().landing / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(target.getvalue(), encoding="utf-8")


@pytest.fixture(scope="module")
def landed(module_home: Path) -> dict[str, FileResult]:
    """What became of each file; staging and the counting of casts are built."""
    leads = [{"Id": "00Q1", "LastName": "Ash", "SystemModstamp": "2026-03-01T00:00:00Z"}]
    _export("salesforce/Lead.csv", "salesforce", "leads", leads)
    _export("salesforce/Lead_without.csv", "salesforce", "leads", leads, SystemModstamp="")
    contact = {"Record ID": "1", "Last Name": "Ash", "Original Source": "Paid Search"}
    _export("hubspot/contacts.csv", "hubspot", "contacts", [contact],
            Original_Source="Original Traffic Source")  # fmt: skip
    deals = [{"Id": f"006{n:02d}", "Amount": a} | WON for n, a in enumerate(AMOUNTS)]
    _export("salesforce/Opportunity.csv", "salesforce", "opportunities", deals)
    (settings().landing / "consent").mkdir()
    (settings().landing / "consent" / "preferences.jsonl").write_text(
        json.dumps({
            "messageId": "m", "event": "Segment Consent Preference Updated",
            "timestamp": "tomorrow",
            "context": {"consent": {"categoryPreferences": {"Analytics": True}}},
        }) + "\n"
    )  # fmt: skip
    results: dict[str, FileResult] = {}
    ingest_landing("r", lambda result: results.update({result.load.file: result}))
    build(
        "stg_salesforce__leads stg_salesforce__opportunities stg_hubspot__contacts "
        "stg_marketo__activities cast_failures gate_rules",
        exclude="resource_type:test",
    )
    return results


@pytest.fixture
def query(landed: dict[str, FileResult]) -> Query:
    """Rows of a query on the build warehouse."""

    def run(sql: str) -> list[tuple[Any, ...]]:
        with connect("test", read_only=True) as con:
            return con.execute(sql).fetchall()

    return run


def test_a_declared_column_missing_refuses_that_file_and_the_others_go_on(
    landed: dict[str, FileResult], query: Query, covered: Covered
) -> None:
    refused = [r.load for r in landed.values() if r.outcome == "refused"]
    assert [load.file for load in refused] == ["salesforce/Lead_without.csv"]
    assert "missing declared column SystemModstamp" in refused[0].message
    assert sum(r.outcome == "loaded" for r in landed.values()) == len(landed) - 1 == 4
    assert query("select last_name from staging.stg_salesforce__leads") == [("Ash",)]
    covered(f"{len(refused)} of {len(landed)} files refused")


def test_a_renamed_header_is_matched_through_declared_aliases(
    landed: dict[str, FileResult], query: Query, covered: Covered
) -> None:
    load = landed["hubspot/contacts.csv"].load
    assert load.checks["renamed_columns"] == {"Original Traffic Source": "Original Source"}
    assert query("select original_source from staging.stg_hubspot__contacts") == [("Paid Search",)]
    covered(f"{len(load.checks['renamed_columns'])} renamed column")


def test_type_drift_is_a_counted_failure_with_a_line_to_look_at(
    query: Query, covered: Covered
) -> None:
    found = query(
        "select object, column_name, row_count, failed_count, file, example_line "
        "from quality.cast_failures where failed_count > 0 order by all"
    )
    assert found == [
        ("opportunities", "Amount", 12, 11, "salesforce/Opportunity.csv", 2),
        ("segment_preferences", "timestamp", 1, 1, "consent/preferences.jsonl", 1),
    ]
    amounts = query("select amount_local from staging.stg_salesforce__opportunities order by 1")
    assert len(amounts) == len(AMOUNTS)
    assert [a for (a,) in amounts if a is not None] == [100]
    covered(f"{sum(row[3] for row in found)} texts in {len(found)} columns")


def test_type_drift_warns_and_blocks_at_the_gate_by_its_rules(
    query: Query, covered: Covered
) -> None:
    with connect("test", read_only=True) as con:
        rules = read_rules(con, "marts", AS_OF)
    bad = {
        check.expectation_id: query(
            str(check.bad_rows).format(batch=f"({check.batch.query}) as batch_rows") + " order by 1"
        )
        for check in casts.checks(rules, AS_OF)
    }
    amount = ("salesforce.opportunities.Amount",)
    assert bad == {
        "casts_without_failure": [("consent.segment_preferences.timestamp",), amount],
        "casts_of_newest_load": [amount],
    }
    assert [rules[name].level for name in bad] == ["warn", "block"]
    covered(", ".join(f"{len(rows)} {rules[name].level}" for name, rows in bad.items()))


def test_type_drift_is_in_the_final_table(landed: dict[str, FileResult], covered: Covered) -> None:
    with connect("test") as con:
        ensure_state(con)
        summary = summarise(con, "r", None)
    lines = [
        line.split()
        for line in render(json.loads(json.dumps(summary, default=str))).splitlines()
        if "Opportunity.csv" in line
    ]
    assert lines == [
        ["salesforce.opportunities", "Amount", "11", "12", "salesforce/Opportunity.csv:2"]
    ]
    covered(f"{len(lines)} line")
