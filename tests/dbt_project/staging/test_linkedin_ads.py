"""LinkedIn Ads staging: dates and numbers as Campaign Manager writes them, days exported again."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

Table = Callable[[str], list[dict[str, Any]]]

FIRST, SECOND = "00000001-aaaaaaaaaaaa", "00000002-bbbbbbbbbbbb"


def _row(campaign: str, day: str, spent: str, **fields: Any) -> dict[str, Any]:
    group = {"Campaign Group ID": "600268686", "Campaign Group Name": "Q3 Demand"}
    row = {"Campaign ID": campaign, "Campaign Name": "Leads, EMEA", "Currency": "usd"}
    day_and_zone = {"Start Date (in UTC)": day, "Time Zone": "UTC"}
    return group | row | day_and_zone | {"Total Spent": spent, "Impressions": "1"} | fields


ROWS = [
    _row("1", "9/1/2026", "1,234.50", Impressions="10,000", Clicks="200", Conversions="3",
         Leads="2", **{"Clicks to Landing Page": "150", "Total Conversion Value": "300.00"}),
    _row("1", "09/02/2026", "100.00"),
    # A dash is nothing; a day first or a year of two digits is no date, and no number is German.
    _row("2", "12/31/2026", "-", Impressions="-", Leads="-", Clicks="", **{"Campaign Type": "-"}),
    _row("3", "2026-09-01", "1.234,50", Impressions="10.000", Clicks="48.210"),
    # The day is exported again, by ad.
    _row("4", "9/1/2026", "9.99", _load_id=FIRST),
    _row("4", "9/1/2026", "4.00", Conversions="0.1", _load_id=SECOND),
    _row("4", "9/1/2026", "5.50", Conversions="0.2", _load_id=SECOND),
]  # fmt: skip


@pytest.fixture(scope="module")
def rows(stage: Callable[..., Table]) -> list[dict[str, Any]]:
    return stage("linkedin_ads", {"campaign_report": ROWS})("stg_linkedin_ads__campaign_days")


def _of(rows: list[dict[str, Any]], campaign: str, day: date) -> dict[str, Any]:
    key = (campaign, day)
    (row,) = [r for r in rows if (r["linkedin_ads_campaign_id"], r["report_date"]) == key]
    return row


def test_a_day_of_a_campaign_with_its_group_and_zone(rows: list[dict[str, Any]]) -> None:
    row = _of(rows, "1", date(2026, 9, 1))
    assert {name: row[name] for name in row if not name.startswith("_")} == {
        "linkedin_ads_campaign_id": "1", "report_date": date(2026, 9, 1), "currency": "USD",
        "linkedin_ads_campaign_group_id": "600268686", "campaign_group_name": "Q3 Demand",
        "campaign_name": "Leads, EMEA", "campaign_type": None, "account_name": None,
        "time_zone": "UTC", "cost_local": Decimal("1234.50"), "impressions": 10000, "clicks": 200,
        "landing_page_clicks": 150, "conversions": 3.0,
        "conversion_value_local": Decimal("300.00"), "leads": 2,
    }  # fmt: skip
    assert _of(rows, "1", date(2026, 9, 2))["cost_local"] == Decimal("100.00")


@pytest.mark.parametrize(("campaign", "day"), [("2", date(2026, 12, 31)), ("3", date(2026, 9, 1))])
def test_a_dash_and_another_way_of_writing_are_null(
    rows: list[dict[str, Any]], campaign: str, day: date
) -> None:
    row = _of(rows, campaign, day)
    read = {row[name] for name in ("cost_local", "impressions", "clicks", "leads", "campaign_type")}
    assert read == {None}


def test_the_newest_export_of_a_day_counts_and_its_rows_add_up(rows: list[dict[str, Any]]) -> None:
    row = _of(rows, "4", date(2026, 9, 1))
    assert (row["cost_local"], row["conversions"]) == (Decimal("9.50"), 0.3)
    assert row["_load_id"] == SECOND
