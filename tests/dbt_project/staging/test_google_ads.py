"""Google Ads staging: numbers as Google writes them, days that are exported again."""

import random
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

Table = Callable[[str], list[dict[str, Any]]]

SEED = 20260301
FIRST, SECOND = "00000001-aaaaaaaaaaaa", "00000002-bbbbbbbbbbbb"


def _day(campaign: str, day: str = "2026-09-01", **fields: Any) -> dict[str, Any]:
    row = {"Day": day, "Campaign": "brand|search|us", "Campaign ID": campaign}
    return row | {"Currency code": "USD"} | fields


def _numbers(cost: str, impressions: str, conversions: str = "0.00") -> dict[str, str]:
    return {"Cost": cost, "Impr.": impressions, "Clicks": "0", "Conversions": conversions}


def _german(written: str) -> str:
    return written.translate(str.maketrans({",": ".", ".": ","}))


COMMA = {"Decimal mark": ",", "Language": "xx"}
BETWEEN = {"point": ".", "blank": " ", "no-break": "\u00a0", "narrow": "\u202f"}
NOT_COMMA = ["1,204.50", "48,210", "--", "—", "1.20", "1,2.3", "12.04,50", "1 20,00", "1,204"]

_random = random.Random(SEED)
CENTS = [_random.randrange(10 ** _random.randrange(1, 13)) for _ in range(200)]
DAYS = [str(date(2025, 1, 1) + timedelta(days=n)) for n in range(len(CENTS))]
WRITTEN = [f"{Decimal(cents) / 100:,.2f}" for cents in CENTS]


@pytest.fixture(scope="module")
def table(stage: Callable[..., Table]) -> Table:
    rows = [
        _day("1", **_numbers("1,204.50", "48,210", "96.00"), **{"Conv. value": "9,120.00"}),
        _day("2", **_numbers("--", " < 10%", "--"), **{"Conv. value": ""}),
        _day("3", **_numbers("1.204,50", "48.210", "1.204")),
        _day("4", **_numbers("12,04.50", "48.2", "$1.00")),
        _day("5", **_numbers("-10.00", "0", "-0.5")),
        # The day is exported again, with a correction and another name.
        _day("6", **_numbers("10.00", "100"), _load_id=FIRST),
        _day("6", **_numbers("11.00", "110"), Campaign="brand", _load_id=SECOND),
        # A report split finer than the columns that are loaded, then split less.
        _day("7", **_numbers("0.10", "1", "0.33"), _load_id=FIRST),
        _day("7", **_numbers("0.20", "2", "0.34"), _load_id=FIRST),
        _day("8", **_numbers("0.10", "1"), _load_id=FIRST),
        _day("8", **_numbers("0.20", "2"), _load_id=FIRST),
        _day("8", **_numbers("0.30", "3"), _load_id=SECOND),
    ]
    english = [_day("random", d, Cost=w) for d, w in zip(DAYS, WRITTEN, strict=True)]
    german = [_day("random-de", d, Cost=_german(w)) for d, w in zip(DAYS, WRITTEN, strict=True)]
    for style, between in BETWEEN.items():
        for day, text in zip(DAYS, WRITTEN, strict=True):
            cost = _german(text).replace(".", between)
            rows.append(_day(style, day, Cost=cost, **COMMA))
    for n, text in enumerate(NOT_COMMA):
        rows.append(_day(f"not-{n}", **_numbers(text, text, text), **COMMA))
    rows.append(_day("comma", **_numbers("-10,00", "48.210", "0,5"), **COMMA))
    return stage("google_ads", {"campaign_report": rows + english + german})


@pytest.fixture(scope="module")
def by_campaign(table: Table) -> dict[str, dict[str, Any]]:
    return {row["google_ads_campaign_id"]: row for row in table("stg_google_ads__campaign_days")}


def _figures(row: dict[str, Any]) -> tuple[Any, ...]:
    return (row["cost_local"], row["impressions"], row["conversions"])


def test_thousands_separators_are_read(by_campaign: dict[str, dict[str, Any]]) -> None:
    assert _figures(by_campaign["1"]) == (Decimal("1204.50"), 48210, 96.0)
    assert by_campaign["1"]["conversion_value_local"] == Decimal("9120.00")
    assert by_campaign["1"]["report_date"] == date(2026, 9, 1)


@pytest.mark.parametrize("campaign", ["2", "3", "4"])
def test_dashed_german_and_odd_numbers_are_null(
    by_campaign: dict[str, dict[str, Any]], campaign: str
) -> None:
    assert _figures(by_campaign[campaign]) == (None, None, None)


def test_corrections_may_be_negative(by_campaign: dict[str, dict[str, Any]]) -> None:
    assert _figures(by_campaign["5"]) == (Decimal("-10.00"), 0, -0.5)


def test_a_day_that_is_exported_again_replaces_the_earlier_one(
    by_campaign: dict[str, dict[str, Any]],
) -> None:
    row = by_campaign["6"]
    assert _figures(row)[:2] == (Decimal("11.00"), 110)
    assert (row["campaign_name"], row["_load_id"]) == ("brand", SECOND)


def test_rows_of_one_file_add_up_and_loads_do_not(by_campaign: dict[str, dict[str, Any]]) -> None:
    assert _figures(by_campaign["7"])[:2] == (Decimal("0.30"), 3)
    assert by_campaign["7"]["conversions"] == pytest.approx(0.67)
    assert _figures(by_campaign["8"])[:2] == (Decimal("0.30"), 3)


def test_any_english_amount_is_exact_and_its_german_form_is_null(table: Table) -> None:
    rows = table("stg_google_ads__campaign_days")
    read = {
        name: {str(r["report_date"]): r["cost_local"] for r in rows if r[key] == name}
        for key in ("google_ads_campaign_id",)
        for name in ("random", "random-de")
    }
    expected = {day: Decimal(cents) / 100 for day, cents in zip(DAYS, CENTS, strict=True)}
    assert read["random"] == expected, f"seed {SEED}"
    assert read["random-de"] == dict.fromkeys(DAYS), f"seed {SEED}"


def test_a_decimal_comma_is_read_exactly_whatever_groups_the_digits(table: Table) -> None:
    rows = table("stg_google_ads__campaign_days")
    expected = {day: Decimal(cents) / 100 for day, cents in zip(DAYS, CENTS, strict=True)}
    for style in BETWEEN:
        mine = [r for r in rows if r["google_ads_campaign_id"] == style]
        assert {str(r["report_date"]): r["cost_local"] for r in mine} == expected, f"seed {SEED}"


def test_what_is_not_written_with_a_decimal_comma_is_null(
    by_campaign: dict[str, dict[str, Any]],
) -> None:
    assert _figures(by_campaign["comma"]) == (Decimal("-10.00"), 48210, 0.5)
    found = {text: _figures(by_campaign[f"not-{n}"]) for n, text in enumerate(NOT_COMMA)}
    assert found == dict.fromkeys(NOT_COMMA, (None, None, None))
