"""Google Ads staging of API results: to the cent what the UI's report of the same days says."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

Table = Callable[[str], list[dict[str, Any]]]

FIRST, SECOND = "00000001-aaaaaaaaaaaa", "00000002-bbbbbbbbbbbb"
# The two sample exports of the same three days.
BRAND, GENERIC = ("21456789012", "brand|search|us"), ("21456789013", "generic, search")
UI = [
    ("2026-09-01", BRAND, "1,204.50", "48,210", "1,930", "96.00", "9,120.00"),
    ("2026-09-02", BRAND, "10.00", "100", "10", "1.00", "50.00"),
    ("2026-09-03", GENERIC, "300.00", "9,000", "300", "--", "0.00"),
]
API = [
    ("2026-09-01", BRAND, "1204500000", "48210", "1930", "96.0", "9120.0"),
    ("2026-09-02", BRAND, "10000000", "100", "10", "1.0", "50.0"),
    ("2026-09-03", GENERIC, "300000000", "9000", "300", "0.0", "0.0"),
]


def _ui(day: str, campaign: tuple[str, str], *figures: str) -> dict[str, str]:
    names = ("Cost", "Impr.", "Clicks", "Conversions", "Conv. value")
    row = {"Day": day, "Campaign ID": campaign[0], "Campaign": campaign[1], "Currency code": "USD"}
    return row | dict(zip(names, figures, strict=True))


def _api(day: str, campaign: tuple[str, str], *figures: str, **fields: Any) -> dict[str, Any]:
    names = ("cost_micros", "impressions", "clicks", "conversions", "conversions_value")
    row = {"segments.date": day, "campaign.id": campaign[0], "campaign.name": campaign[1]}
    metrics = {f"metrics.{n}": figure for n, figure in zip(names, figures, strict=True)}
    return row | {"customer.currency_code": "USD"} | metrics | fields


ODD = [
    # Split by ad group: millionths add up before they are rounded.
    _api("2026-09-01", ("1", "split"), "4000", "1", "0", "0.333333333333333", "0.004"),
    _api("2026-09-01", ("1", "split"), "4000", "2", "1", "0.333333333333333", "0.004"),
    # Not the numbers of an API.
    _api("2026-09-01", ("2", "odd"), "1.5", "48.210", "1e3", "--", "1.204,50"),
    # Fetched again, with a correction.
    _api("2026-09-01", ("3", "again"), "5000000", "5", "0", "0", "0", _load_id=FIRST),
    _api("2026-09-01", ("3", "again"), "-6000000", "6", "0", "0", "0", _load_id=SECOND,
         **{"customer.time_zone": "Europe/Madrid"}),
]  # fmt: skip


@pytest.fixture(scope="module")
def table(stage: Callable[..., Table]) -> Table:
    ui, api = ([build(*row) for row in rows] for build, rows in ((_ui, UI), (_api, API)))
    return stage("google_ads", {"campaign_report": ui, "campaign_report_api": api + ODD})


def _days(rows: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    sampled = [row for row in rows if row["google_ads_campaign_id"] in (BRAND[0], GENERIC[0])]
    return sorted(tuple(row[name] for name in names) for row in sampled)


def test_the_api_says_to_the_cent_what_the_ui_says(table: Table) -> None:
    names = ("google_ads_campaign_id", "report_date", "currency", "campaign_name", "cost_local",
             "impressions", "clicks", "conversion_value_local")  # fmt: skip
    found = _days(table("stg_google_ads__campaign_days_api"), *names)
    assert found == _days(table("stg_google_ads__campaign_days"), *names)
    assert found == [
        (BRAND[0], date(2026, 9, 1), "USD", BRAND[1], Decimal("1204.50"), 48210, 1930,
         Decimal("9120.00")),
        (BRAND[0], date(2026, 9, 2), "USD", BRAND[1], Decimal("10.00"), 100, 10,
         Decimal("50.00")),
        (GENERIC[0], date(2026, 9, 3), "USD", GENERIC[1], Decimal("300.00"), 9000, 300,
         Decimal("0.00")),
    ]  # fmt: skip


def test_odd_numbers_splits_and_corrections(table: Table) -> None:
    names = ("campaign_name", "cost_local", "impressions", "clicks", "conversion_value_local",
             "time_zone")  # fmt: skip
    rows = {r["google_ads_campaign_id"]: r for r in table("stg_google_ads__campaign_days_api")}
    assert [tuple(rows[key][name] for name in names) for key in ("1", "2", "3")] == [
        ("split", Decimal("0.01"), 3, 1, Decimal("0.01"), None),
        ("odd", None, None, None, None, None),
        ("again", Decimal("-6.00"), 6, 0, Decimal("0.00"), "Europe/Madrid"),
    ]
    assert rows["1"]["conversions"] == pytest.approx(0.666666666666666)
    assert (rows["2"]["conversions"], rows["3"]["_load_id"]) == (None, SECOND)
