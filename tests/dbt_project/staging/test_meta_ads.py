"""Meta Ads staging: several rows of an ad and day add up, the newest report wins."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

Table = Callable[[str], list[dict[str, Any]]]

FIRST, SECOND = "00000001-aaaaaaaaaaaa", "00000002-bbbbbbbbbbbb"
SEPTEMBER = {"Reporting starts": "2026-09-01", "Reporting ends": "2026-09-30"}


def _row(ad: str, day: str | None, spent: str, shown: str = "0", **fields: Any) -> dict[str, Any]:
    row = {"Ad ID": ad, "Day": day, "Amount spent": spent, "Impressions": shown, "Currency": "EUR"}
    return SEPTEMBER | {"Campaign ID": "c1", "Campaign name": " Winter, Sale "} | row | fields


ROWS = [
    # The sample export, as it lands: an attribution setting was changed on the first day.
    _row("21", "2026-09-01", "33.33", "4000", Purchases="2", **{"Link clicks": "80"}),
    _row("21", "2026-09-01", "66.67", "6000", Purchases="", **{"Link clicks": "110"}),
    _row("21", "2026-09-02", "10.10", "1000", Purchases="1", **{"Link clicks": "20"}),
    # The whole period in one row, beside the days.
    _row("21", None, "110.10"),
    _row("22", "", "7.00", Currency="COP"),
    # A later report restates the day, for one ad of the two.
    _row("23", "2026-09-03", "1.00", _load_id=FIRST),
    _row("23", "2026-09-03", "2.00", _load_id=FIRST),
    _row("23", "2026-09-03", "2.50", _load_id=SECOND, **{"Campaign name": "Autumn"}),
    _row("24", "2026-09-03", "4.00", _load_id=FIRST),
    # Numbers that are not written in English.
    _row("25", "2026-09-01", "1.204,50", "48.210"),
    _row("26", "2026-09-01", "1,204.50", "48,210"),
    # A report of one day without a breakdown is that day.
    _row("27", None, "3.00", **{"Reporting ends": "2026-09-01"}),
]


@pytest.fixture(scope="module")
def rows(stage: Callable[..., Table]) -> list[dict[str, Any]]:
    return stage("meta_ads", {"ads_report": ROWS})("stg_meta_ads__ad_days")


def _of(rows: list[dict[str, Any]], ad: str) -> list[tuple[Any, ...]]:
    return sorted(
        (row["report_date"], row["report_end_date"], row["is_single_day"], row["cost_local"])
        for row in rows
        if row["meta_ads_ad_id"] == ad
    )


def test_the_rows_of_a_day_add_up_and_the_period_stays_beside_it(rows) -> None:
    first, second, last = (date(2026, 9, day) for day in (1, 2, 30))
    assert _of(rows, "21") == [
        (first, first, True, Decimal("100.00")),
        (first, last, False, Decimal("110.10")),
        (second, second, True, Decimal("10.10")),
    ]
    (day,) = [
        r
        for r in rows
        if (r["meta_ads_ad_id"], r["report_date"], r["is_single_day"]) == ("21", first, True)
    ]
    assert (day["impressions"], day["link_clicks"], day["purchases"]) == (10000, 190, 2.0)
    assert (day["campaign_name"], day["clicks"]) == ("Winter, Sale", None)


def test_a_report_of_one_day_is_that_day(rows) -> None:
    assert _of(rows, "27") == [(date(2026, 9, 1), date(2026, 9, 1), True, Decimal("3.00"))]


def test_the_newest_report_wins_per_ad_and_day(rows) -> None:
    third = date(2026, 9, 3)
    assert _of(rows, "23") == [(third, third, True, Decimal("2.50"))]
    assert _of(rows, "24") == [(third, third, True, Decimal("4.00"))]
    (row,) = [r for r in rows if r["meta_ads_ad_id"] == "23"]
    assert (row["campaign_name"], row["_load_id"]) == ("Autumn", SECOND)


def test_the_currency_is_the_header_s_and_other_numbers_are_null(rows) -> None:
    assert {r["currency"] for r in rows if r["meta_ads_ad_id"] == "22"} == {"COP"}
    read = {r["meta_ads_ad_id"]: (r["cost_local"], r["impressions"]) for r in rows}
    assert read["25"] == (None, None)
    assert read["26"] == (Decimal("1204.50"), 48210)
