"""Each vendor's sample export gives the figures that were worked out by hand: expected.json."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import typer
from typer.testing import CliRunner

from ingestion.commands import register
from warehouse.connection import connect
from warehouse.dbt import build

EXPORTS = Path(__file__).parents[1] / "ingestion" / "exports"
EXPECTED: dict[str, dict[str, Any]] = json.loads((EXPORTS / "expected.json").read_text("utf-8"))
AS_OF = "2026-10-01T00:00:00+00:00"


class Place(NamedTuple):
    """Where a sample goes, and the staging model it comes out of with its columns by figure."""

    source: str
    table: str
    model: str
    figures: dict[str, str]


PLACES = {
    "google_ads_ui_excel_utf16.csv": Place("google_ads", "campaign_report", "campaign_days", {
        "spend": "cost_local", "impressions": "impressions", "clicks": "clicks",
        "conversions": "conversions", "value": "conversion_value_local",
    }),
    "google_ads_api_micros.csv": Place("google_ads", "campaign_report_api", "campaign_days_api", {
        "spend": "cost_local",
    }),
    "meta_ads_manager.csv": Place("meta_ads", "ads_report", "ad_days", {
        "spend": "cost_local", "purchases": "purchases", "value": "purchase_value_local",
    }),
    "linkedin_campaign_manager_utf16.csv": Place(
        "linkedin_ads", "campaign_report", "campaign_days",
        {"spend": "cost_local", "clicks": "clicks"},
    ),
    "hubspot_contacts_ui.csv": Place("hubspot", "contacts", "contacts", {}),
    "hubspot_email_events_api.csv": Place("hubspot", "email_events", "email_events", {}),
    "salesforce_bulk_campaignmember.csv": Place(
        "salesforce", "campaign_members", "campaign_members", {}
    ),
    "marketo_bulk_activities.csv": Place("marketo", "activities", "activities", {}),
}  # fmt: skip


@pytest.fixture(scope="module")
def landed(module_home: Path) -> dict[str, dict[str, Any]]:
    """What `onefold ingest PATH --source S --object O --json` says of each sample."""
    app = typer.Typer()
    register(app)
    app.command("other")(lambda: None)
    found = {}
    for name, place in PLACES.items():
        asked = ["ingest", str(EXPORTS / name), "--source", place.source, "--object", place.table]
        result = CliRunner().invoke(app, [*asked, "--json"])
        assert result.exit_code == 0, result.output
        found[name] = json.loads(result.stdout)
    return found


@pytest.fixture(scope="module")
def staged(landed: Any) -> Callable[[str], list[tuple[Any, ...]]]:
    """Rows of a query, after the staging models of all samples were built."""
    models = " ".join(f"+stg_{p.source}__{p.model}" for p in PLACES.values())
    build(models, vars={"as_of": AS_OF}, exclude="resource_type:test")

    def rows(sql: str) -> list[tuple[Any, ...]]:
        with connect("test", read_only=True) as con:
            return con.execute(sql).fetchall()

    return rows


def test_every_sample_is_here() -> None:
    assert {*PLACES} == {*EXPECTED}


@pytest.mark.parametrize("name", PLACES)
def test_rows_currency_and_skipped_rows(landed: Any, name: str) -> None:
    expected, found = EXPECTED[name], landed[name]
    assert (found["status"], found["rows"], found["rejected"]) == ("loaded", expected["rows"], 0)
    # In the samples that state no number the vendor's totals row is the only other record.
    totals = expected.get("skipped_total_rows", 1 if name == "meta_ads_manager.csv" else 0)
    assert (found["skipped"], found["rows_in"]) == (totals, expected["rows"] + totals)
    assert found["currency"] == expected.get("currency", found["currency"])


@pytest.mark.parametrize("name", [name for name, place in PLACES.items() if place.figures])
def test_sums_to_the_cent(staged: Any, name: str) -> None:
    place = PLACES[name]
    sums = ", ".join(f"sum({column})::decimal(18, 2)" for column in place.figures.values())
    [found] = staged(f"select {sums} from staging.stg_{place.source}__{place.model}")
    expected = [Decimal(str(EXPECTED[name][figure])) for figure in place.figures]
    assert list(found) == expected


def test_meta_adds_up_by_day(staged: Any) -> None:
    days = staged(
        "select report_date::varchar, sum(cost_local) from staging.stg_meta_ads__ad_days group by 1"
    )
    expected = EXPECTED["meta_ads_manager.csv"]["daily_rows_after_sum"]
    assert dict(days) == {day: Decimal(str(spend)) for day, spend in expected.items()}


def test_linkedin_days_are_written_the_american_way(staged: Any) -> None:
    days = staged(
        "select distinct report_date::varchar from staging.stg_linkedin_ads__campaign_days "
        "order by 1"
    )
    assert [day for (day,) in days] == EXPECTED["linkedin_campaign_manager_utf16.csv"]["dates"]


def test_the_api_agrees_with_the_ui(staged: Any) -> None:
    both = " union all ".join(
        f"select report_date, cost_local from staging.stg_google_ads__{model}"
        for model in ("campaign_days", "campaign_days_api")
    )
    found = staged(f"select report_date, count(*), min(cost_local) = max(cost_local) "
                   f"from ({both}) group by 1")  # fmt: skip
    assert len(found) == 3
    assert all(row[1:] == (2, True) for row in found)


def test_hubspot_times_are_the_portals(staged: Any) -> None:
    [(created,)] = staged("select occurred_at::varchar from staging.stg_hubspot__email_events")
    assert (
        created.replace(" ", "T") + "Z" == EXPECTED["hubspot_email_events_api.csv"]["created_utc"]
    )


def test_a_converted_lead_keeps_both_ids(staged: Any) -> None:
    rows = staged(
        "select salesforce_lead_id, salesforce_contact_id, has_responded "
        "from staging.stg_salesforce__campaign_members"
    )
    assert any(lead and contact for lead, contact, _ in rows)
    assert {responded for *_, responded in rows} == {True, False}


def test_a_literal_null_is_null(staged: Any) -> None:
    rows = staged("select primary_attribute from staging.stg_marketo__activities")
    assert (None,) in rows
    assert ("null",) not in rows
