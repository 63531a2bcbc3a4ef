"""A sale whose amount could not be read: a conversion of unknown value, not of none."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

Query = Callable[[str], list[dict[str, Any]]]
DEALS = {"known": Decimal("90.01"), "unread": None}


@pytest.fixture(scope="module", autouse=True)
def built(module_home: Path, marts: Callable[..., None]) -> None:
    opened = datetime(2026, 2, 1)
    marts({
        "staging.stg_salesforce__opportunities": [
            {"salesforce_opportunity_id": key, "salesforce_contact_id": "003p", "currency": "USD",
             "amount_local": amount, "is_won": True, "is_closed": True, "created_at": opened,
             "close_date": date(2026, 3, 1)}
            for key, amount in DEALS.items()
        ],
        "identity.person_records": [
            {"source": "salesforce", "record_type": "contact", "record_id": "003p",
             "person_id": "p"},
            {"source": "web_events", "record_type": "visitor", "record_id": "v", "person_id": "p"},
        ],
        "marts.dim_people": [{"person_id": "p"}],
        "staging.stg_web_events__pages": [
            {"web_event_id": f"e{n}", "anonymous_id": "v", "page_url": "https://a.example/",
             "page_host": "a.example", "occurred_at": datetime(2026, 1, n)}
            for n in (1, 2, 3)
        ],
    })  # fmt: skip


def test_its_value_is_missing_and_not_nought(query: Query) -> None:
    rows = query("from marts.fct_conversions where salesforce_opportunity_id is not null")
    found = {r["conversion_id"]: (r["revenue_usd"], r["pipeline_usd"]) for r in rows}
    assert found == {
        "closed_won:known": (DEALS["known"], 0),
        "closed_won:unread": (None, 0),
        "opportunity_created:known": (0, DEALS["known"]),
        "opportunity_created:unread": (0, None),
    }


def test_it_is_credited_without_an_amount(query: Query) -> None:
    rows = query("""
        select conversion_id, model, sum(weight) as weight, count(revenue_usd) as amounts
        from marts.fct_attributed_conversions where conversion_id like 'closed_won:%' group by all
    """)
    assert len(rows) == 2 * 8
    assert {round(row["weight"], 9) for row in rows} == {1.0}
    assert all((row["amounts"] > 0) == (row["conversion_id"][-5:] == "known") for row in rows)


def test_totals_are_those_of_the_known_sales(query: Query) -> None:
    models = {"channel_attribution": 10, "campaign_attribution": 8, "fct_attributed_conversions": 8}
    for report, number in models.items():
        rows = query(f"select model, sum(revenue_usd) as usd from marts.{report} group by model")
        assert [row["usd"] for row in rows] == [DEALS["known"]] * number, report
    (counted,) = query(
        "select sum(conversions) as won from marts.channel_attribution where model = 'linear'"
    )
    assert counted["won"] == pytest.approx(2)
