"""The weekly tables against a plain loop over days, and the holidays against the calendar."""

import random
from collections import defaultdict
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from dateutil.easter import easter

from warehouse.dbt import build

Query = Callable[[str], list[dict[str, Any]]]
Rows = dict[str, list[dict[str, Any]]]

SEED = 20261130
WITHHELD = "(consent withheld)"
AS_OF = "2026-02-10 23:59:59"  # a Tuesday
FIRST, LAST = date(2025, 11, 24), date(2026, 2, 9)  # Mondays
COUNTS = {
    "lead_created": "leads", "mql": "mqls", "opportunity_created": "opportunities",
    "closed_won": "conversions",
}  # fmt: skip
COLUMNS = {
    "marts.fct_ad_spend": (
        "spend_date date, channel varchar, spend_usd decimal(18, 2), impressions bigint, "
        "clicks bigint"
    ),
    "marts.fct_touches": (
        "touched_at timestamp, channel varchar, touch_type varchar, is_consented boolean"
    ),
    "marts.fct_conversions": (
        "conversion_type varchar, converted_at timestamp, revenue_usd decimal(18, 2)"
    ),
}


def monday(day: date) -> date:
    """The Monday of the day's ISO week."""
    year, week, _ = day.isocalendar()
    return date.fromisocalendar(year, week, 1)


@pytest.fixture(scope="module")
def tables(module_home: Path, warehouse_with: Callable[..., None]) -> Rows:
    """Nine weeks of spend, touches and conversions with weeks of silence between them."""
    print(f"seed {SEED}")
    rng = random.Random(SEED)
    start = datetime(2025, 12, 3)

    def moment(days: int) -> datetime:
        return start + timedelta(seconds=rng.randint(0, days * 86_400))

    tables: Rows = {
        "marts.fct_ad_spend": [
            {"spend_date": moment(20).date(), "channel": rng.choice(["display", "paid_search"]),
             "spend_usd": Decimal(rng.randint(1, 9999)) / 100, "impressions": rng.randint(0, 900),
             "clicks": rng.choice([None, 3])}
            for _ in range(40)
        ],
        "marts.fct_touches": [
            {"touched_at": at, "channel": rng.choice(["email", "paid_search"]),
             "touch_type": rng.choice(["web_session", "ad_click", "email_click", "form_fill"]),
             "is_consented": rng.random() < 0.8}
            for at in [moment(60) for _ in range(300)]
            + [datetime(2025, 12, 7, 23, 59, 59), datetime(2025, 12, 8)]  # Sunday, then Monday
        ],
        "marts.fct_conversions": [
            {"conversion_type": rng.choice([*COUNTS, "refund"]), "converted_at": at,
             "revenue_usd": rng.choice([None, Decimal(rng.randint(-999, 99_999)) / 100])}
            for at in [moment(40) for _ in range(60)]
            + [datetime(2025, 11, 26), datetime(2026, 2, 10, 12)]
        ],
    }  # fmt: skip
    warehouse_with({name: (columns, tables[name]) for name, columns in COLUMNS.items()})
    build("conversion_types holidays marts.mmm", vars={"as_of": AS_OF})
    return tables


def weeks() -> list[date]:
    """Every Monday from the first to the last."""
    return [FIRST + timedelta(days=7 * n) for n in range((LAST - FIRST).days // 7 + 1)]


def test_media_equals_a_plain_loop(tables: Rows, query: Query) -> None:
    sums: dict[tuple[date, str], dict[str, Any]] = defaultdict(lambda: defaultdict(int))
    for row in tables["marts.fct_ad_spend"]:
        for name in ("spend_usd", "impressions", "clicks"):
            sums[monday(row["spend_date"]), row["channel"]][name] += row[name] or 0
    for row in tables["marts.fct_touches"]:
        channel = row["channel"] if row["is_consented"] else WITHHELD
        found = sums[monday(row["touched_at"].date()), channel]
        found["touches"] += 1
        found["sessions"] += row["touch_type"] in ("web_session", "ad_click")
    rows = {(row["week_start"], row["channel"]): row for row in query("from marts.mmm_weekly")}
    channels = {"display", "paid_search", "email", WITHHELD}
    assert set(rows) == {(week, channel) for week in weeks() for channel in channels}
    assert len(weeks()) == 12
    for key, row in rows.items():
        for name in ("spend_usd", "impressions", "clicks", "touches", "sessions"):
            assert row[name] == sums[key][name], (key, name)
    assert any(not row["spend_usd"] for row in rows.values())


def test_outcomes_equal_a_plain_loop(tables: Rows, query: Query) -> None:
    sums: dict[date, dict[str, Any]] = defaultdict(lambda: defaultdict(int))
    for row in tables["marts.fct_conversions"]:
        found = sums[monday(row["converted_at"].date())]
        found["revenue_usd"] += row["revenue_usd"] or 0
        if row["conversion_type"] in COUNTS:
            found[COUNTS[row["conversion_type"]]] += 1
    rows = query("from marts.mmm_weekly_outcomes order by week_start")
    assert [row["week_start"] for row in rows] == weeks()
    for row in rows:
        for name in (*COUNTS.values(), "revenue_usd"):
            assert row[name] == sums[row["week_start"]][name], (row["week_start"], name)
    assert {row["week_start"] for row in rows if not row["is_complete"]} == {
        date(2025, 11, 24), date(2025, 12, 1), LAST,  # before any media, begun late, not over
    }  # fmt: skip


def test_holidays_of_a_week_are_counted(tables: Rows, query: Query) -> None:
    rows = {row["week_start"]: row for row in query("from marts.mmm_weekly_outcomes")}
    christmas = rows[date(2025, 12, 22)]  # the 25th in four countries, the 26th in two
    assert (christmas["holiday_days"], christmas["country_holidays"]) == (2, 6)
    thanksgiving = rows[date(2025, 11, 24)]
    assert (thanksgiving["holiday_days"], thanksgiving["country_holidays"]) == (1, 1)
    assert rows[date(2025, 12, 8)]["holiday_days"] == 0


def test_movable_holidays_follow_the_calendar(tables: Rows, query: Query) -> None:
    found = {(row["date"], row["country"]): row for row in query("from rules.holidays")}
    for year in (2025, 2026):
        sunday = easter(year)
        for days, countries in {-2: "GB DE", 1: "GB FR DE", 39: "FR DE", 50: "FR DE"}.items():
            for country in countries.split():
                assert found.pop((sunday + timedelta(days=days), country))
        for country, number in {"US": 11, "GB": 8, "FR": 11, "DE": 9}.items():
            kept = [day for day, of in found if of == country and day.year == year]
            movable = {"US": 0, "GB": 2, "FR": 3, "DE": 4}[country]
            assert len(kept) == number - movable
    for day, country in found:  # offices of these two are closed on working days only
        if country in ("US", "GB"):
            assert day.weekday() < 5
    assert all(row["source"].startswith("https://") for row in found.values())
