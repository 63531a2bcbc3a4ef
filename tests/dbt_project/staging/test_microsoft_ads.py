"""Microsoft Ads staging: a report split by device adds up, the newest report of a day counts."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

Table = Callable[[str], list[dict[str, Any]]]

FIRST, SECOND = "00000001-aaaaaaaaaaaa", "00000002-bbbbbbbbbbbb"
PACIFIC = "(GMT-08:00) Pacific Time (US & Canada); Tijuana"


def _row(campaign: str, day: str, spend: str, **fields: Any) -> dict[str, Any]:
    row = {"CampaignId": campaign, "CampaignName": "brand", "TimePeriod": day, "Spend": spend}
    said = {"Time Zone": PACIFIC, "Potential Incomplete Data": "true"}
    return row | said | {"CurrencyCode": "USD", "Impressions": "1", "Clicks": "0"} | fields


ROWS = [
    # The sample export, as it lands: one row per device.
    _row("1", "2026-09-01", "210.40", Impressions="4000", Clicks="120", Conversions="3",
         ConversionsQualified="2.50", Revenue="1,250.00", AccountName="Acme"),
    _row("1", "2026-09-01", "19.60", Impressions="900", Clicks="30", Conversions="0",
         ConversionsQualified="0.25", Revenue="0.00", AccountName="Acme"),
    # The older columns: another way to write the day, whole conversions only.
    _row("2", "12/31/2026", "1,000.50", Conversions="1,204"),
    _row("3", "2026-09-01", "1.000,50", Impressions="4.000", Clicks="--", Conversions="48.210"),
    # The day is reported again when it is complete.
    _row("4", "2026-09-01", "7.00", _load_id=FIRST),
    _row("4", "2026-09-01", "7.77", _load_id=SECOND, **{"Potential Incomplete Data": "false"}),
]  # fmt: skip


@pytest.fixture(scope="module")
def rows(stage: Callable[..., Table]) -> dict[str, dict[str, Any]]:
    table = stage("microsoft_ads", {"campaign_report": ROWS})
    found = table("stg_microsoft_ads__campaign_days")
    assert len(found) == 4
    return {row["microsoft_ads_campaign_id"]: row for row in found}


def test_the_rows_of_a_day_add_up(rows: dict[str, dict[str, Any]]) -> None:
    assert {name: value for name, value in rows["1"].items() if not name.startswith("_")} == {
        "microsoft_ads_campaign_id": "1", "report_date": date(2026, 9, 1), "currency": "USD",
        "campaign_name": "brand", "account_name": "Acme", "time_zone": PACIFIC,
        "is_partial": True, "cost_local": Decimal("230.00"), "impressions": 4900, "clicks": 150,
        "conversions": 2.75, "conversion_value_local": Decimal("1250.00"),
    }  # fmt: skip


def test_the_older_columns_are_read_and_other_numbers_are_null(
    rows: dict[str, dict[str, Any]],
) -> None:
    old, odd = rows["2"], rows["3"]
    assert (old["report_date"], old["cost_local"]) == (date(2026, 12, 31), Decimal("1000.50"))
    assert (old["conversions"], old["conversion_value_local"]) == (1204.0, None)
    assert {odd[n] for n in ("cost_local", "impressions", "clicks", "conversions")} == {None}


def test_the_newest_report_of_a_day_counts(rows: dict[str, dict[str, Any]]) -> None:
    row = rows["4"]
    assert (row["cost_local"], row["is_partial"]) == (Decimal("7.77"), False)
    assert row["_load_id"] == SECOND
