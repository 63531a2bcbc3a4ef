"""Cost staging: exact money, known categories, corrections."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

Table = Callable[[str], list[dict[str, Any]]]


def _cost(key: str, amount: str, **fields: str) -> dict[str, Any]:
    row = {"cost_id": key, "cost_date": "2026-02-28", "category": "tool", "amount": amount}
    return row | {"currency": "usd", "source": "finance"} | fields


ROWS = [
    _cost("plain", " 149.90 ", description="Licence", campaign="brand|video|us"),
    _cost("credit", "-250", category="Agency", campaign=""),
    _cost("yen", "300000", currency="JPY", category="content"),
    _cost("german", "1.250,00"),
    _cost("ambiguous", "1.250"),
    _cost("english", "1,250.00"),
    _cost("word", "10.00", category="snacks", cost_date="28.02.2026"),
    _cost("corrected", "10.00", cost_date="2026-02-01"),
    _cost("corrected", "0", cost_date="2026-02-02", _load_id="00000002-bbbbbbbbbbbb"),
]


@pytest.fixture(scope="module")
def rows(stage: Callable[..., Table]) -> dict[str, dict[str, Any]]:
    return {row["cost_id"]: row for row in stage("costs", {"costs": ROWS})("stg_costs__costs")}


def test_amounts_are_exact_or_null(rows: dict[str, dict[str, Any]]) -> None:
    assert {key: row["cost_local"] for key, row in rows.items()} == {
        "plain": Decimal("149.90"),
        "credit": Decimal("-250.00"),
        "yen": Decimal("300000.00"),
        "german": None,
        "ambiguous": None,
        "english": None,
        "word": Decimal("10.00"),
        "corrected": Decimal("0.00"),
    }
    assert {row["currency"] for row in rows.values()} == {"USD", "JPY"}


def test_only_known_categories_and_real_dates(rows: dict[str, dict[str, Any]]) -> None:
    assert (rows["credit"]["category"], rows["word"]["category"]) == ("agency", None)
    assert (rows["plain"]["cost_date"], rows["word"]["cost_date"]) == (date(2026, 2, 28), None)


def test_the_last_list_corrects_a_cost(rows: dict[str, dict[str, Any]]) -> None:
    assert rows["corrected"]["cost_date"] == date(2026, 2, 2)


def test_a_cost_may_belong_to_no_campaign(rows: dict[str, dict[str, Any]]) -> None:
    assert (rows["plain"]["campaign_name"], rows["credit"]["campaign_name"]) == (
        "brand|video|us",
        None,
    )
    assert (rows["plain"]["description"], rows["plain"]["cost_source"]) == ("Licence", "finance")
