"""Spend of all ad platforms, each day once, and what later reports say of it."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from ingestion import ledger
from ingestion.order import LOAD_ORDER
from warehouse.connection import connect
from warehouse.dbt import build

Query = Callable[[str], list[dict[str, Any]]]
DAY, NEXT = date(2026, 3, 1), date(2026, 3, 2)


def _row(
    platform: str, key: str, cost: str, day: date | None = DAY, **fields: Any
) -> dict[str, Any]:
    row = {f"{platform}_campaign_id": key, "campaign_name": "N", "report_date": day, "clicks": 1}
    return row | {"currency": "USD", "cost_local": cost} | fields


def _ad(ad: str, cost: str, first: date, last: date) -> dict[str, Any]:
    return _row("meta_ads", "m", cost, first, meta_ads_ad_id=ad, report_end_date=last)


@pytest.fixture(scope="module", autouse=True)
def built(module_home: Path, marts: Callable[..., None]) -> None:
    week = date(2026, 3, 7)
    marts({
        "staging.stg_google_ads__campaign_days": [
            _row("google_ads", "g", "10.00"), _row("google_ads", "g", "20.00", NEXT),
            _row("google_ads", "g", "30.00", currency="EUR"),
        ],
        "staging.stg_google_ads__campaign_days_api": [_row("google_ads", "g", "10.01")],
        "staging.stg_linkedin_ads__campaign_days": [
            _row("linkedin_ads", key, cost, linkedin_ads_campaign_group_id="group",
                 campaign_group_name="Group")
            for key, cost in (("l1", "1.50"), ("l2", "2.50"))
        ],
        "staging.stg_microsoft_ads__campaign_days": [
            _row("microsoft_ads", "b", "7.00"), _row("microsoft_ads", "b", "8.00", None),
        ],
        "staging.stg_meta_ads__ad_days": [
            _ad("a1", "5.00", DAY, DAY), _ad("a1", "70.00", DAY, week),
            _ad("a2", "40.00", DAY, week), _ad("a2", "41.00", NEXT, date(2026, 3, 8)),
        ],
    })  # fmt: skip


def test_every_platform_and_day_counts_once(query: Query) -> None:
    rows = query("from marts.fct_ad_spend")
    found = {(r["campaign_id"], r["spend_date"], r["currency"]): r["spend_local"] for r in rows}
    # 41.00 over seven days is 5.857142…: five days have a cent more than the last two.
    week = {
        ("meta_ads:m", NEXT + timedelta(n), "USD"): Decimal("5.86") if n < 5 else Decimal("5.85")
        for n in range(7)
    }
    assert sum(week.values()) == Decimal("41.00")
    assert found == week | {
        ("google_ads:g", DAY, "USD"): Decimal("10.01"),
        ("google_ads:g", NEXT, "USD"): Decimal("20.00"),
        ("google_ads:g", DAY, "EUR"): Decimal("30.00"),
        ("linkedin_ads:group", DAY, "USD"): Decimal("4.00"),
        ("microsoft_ads:b", DAY, "USD"): Decimal("7.00"),
        ("meta_ads:m", DAY, "USD"): Decimal("5.00"),
    }
    clicks = [r["clicks"] for r in sorted(rows, key=lambda r: r["spend_date"])
              if r["source"] == "meta_ads"]  # fmt: skip
    assert clicks == [1, 1, 0, 0, 0, 0, 0, 0]
    channels = {r["source"]: r["channel"] for r in rows}
    assert channels == {
        "google_ads": "paid_search", "microsoft_ads": "paid_search",
        "linkedin_ads": "paid_social", "meta_ads": "paid_social",
    }  # fmt: skip


def test_what_another_report_says_too_is_left_out_with_its_reason(query: Query) -> None:
    rows = query("from marts.int_spend__days where left_out is not null order by cost_local")
    assert [(r["report"], r["cost_local"], r["left_out"]) for r in rows] == [
        ("microsoft", Decimal("8.00"), "its day cannot be read"),
        ("google_left", Decimal("10.00"), "the API has the day"),
        ("meta_left", Decimal("40.00"), "a shorter or later span has it"),
        ("meta_left", Decimal("70.00"), "a shorter or later span has it"),
    ]


def test_each_restatement_says_old_and_new_cost_and_both_files(
    query: Query, warehouse_with: Callable[..., None]
) -> None:
    reports = (
        "{p}_campaign_id varchar, report_date date, currency varchar, "
        "cost_local decimal(18, 2), _load_id varchar"
    )
    meta = ", meta_ads_ad_id varchar, report_end_date date"
    tables: dict[str, tuple[str, list[dict[str, Any]]]] = {
        "staging.stg_google_ads__campaign_day_reports": (reports.format(p="google_ads"), [
            {"google_ads_campaign_id": "g", "report_date": day, "currency": "EUR",
             "cost_local": cost, "_load_id": load}
            for day, cost, load in [
                (DAY, "10.00", "march"), (DAY, "12.00", "april"), (DAY, "11.00", "may"),
                (NEXT, "3.00", "march"), (NEXT, "3.00", "april"),
            ]
        ]),
        "staging.stg_google_ads__campaign_day_reports_api": (reports.format(p="google_ads"), []),
        "staging.stg_microsoft_ads__campaign_day_reports": (reports.format(p="microsoft_ads"), []),
        "staging.stg_linkedin_ads__campaign_day_reports": (
            reports.format(p="linkedin_ads") + ", linkedin_ads_campaign_group_id varchar", [],
        ),
        "staging.stg_meta_ads__ad_day_reports": (reports.format(p="meta_ads") + meta, [
            {"meta_ads_ad_id": ad, "meta_ads_campaign_id": "m", "report_date": DAY,
             "report_end_date": DAY, "currency": "USD", "cost_local": cost, "_load_id": load}
            for ad, cost, load in [
                ("a1", "1.00", "march"), ("a1", "1.25", "may"), ("a2", "2.00", "march"),
                ("a2", "1.00", "may"), ("a3", "4.00", "may"),
            ]
        ]),
    }  # fmt: skip
    warehouse_with(tables)
    with connect("test") as con:
        con.execute("create schema if not exists state")
        con.execute(ledger.LOADS)
        con.execute(LOAD_ORDER)
        for seq, (load, month) in enumerate([("may", 5), ("march", 3), ("april", 4)], start=1):
            one = {"load_id": load, "load_seq": seq, "data_as_of": datetime(2026, month, 1)}
            landed = ledger.Load("ads", "r", f"{load}.csv", load, "loaded", **one)
            ledger.write(con, landed, "", datetime(2026, 6, 1))
    build("int_spend__reports spend_restatements")
    rows = query("from quality.spend_restatements order by source, restated_at")
    assert [
        (r["source"], r["spend_date"], str(r["old_cost_local"]), str(r["new_cost_local"]),
         str(r["change_local"]), r["old_file"], r["new_file"])
        for r in rows
    ] == [
        ("google_ads", DAY, "10.00", "12.00", "2.00", "march.csv", "april.csv"),
        ("google_ads", DAY, "12.00", "11.00", "-1.00", "april.csv", "may.csv"),
        ("meta_ads", DAY, "3.00", "2.25", "-0.75", "march.csv", "may.csv"),
    ]  # fmt: skip
    assert all(r["change_usd"] for r in rows)
