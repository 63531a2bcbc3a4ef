"""Opportunities by month, marketing's part in them, cohorts of MQLs, against figures by hand."""

from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

Query = Callable[[str], list[dict[str, Any]]]
FEB, MAR, APR, MAY, JUN = (date(2026, month, 1) for month in range(2, 7))


def deal(
    key: str, created: datetime | None, closed: date | None = None, amount: str | None = "10.00",
    won: bool = True, person: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    return {
        "salesforce_opportunity_id": key, "salesforce_contact_id": f"003{person or key}",
        "currency": "USD", "amount_local": amount, "is_closed": closed is not None,
        "is_won": closed is not None and won, "close_date": closed, "created_at": created,
    }  # fmt: skip


def lead(person: str, status: str, at: datetime, converted: date | None = None) -> dict[str, Any]:
    return {
        "salesforce_lead_id": f"00Q{person}", "status": status, "is_converted": bool(converted),
        "converted_date": converted, "created_at": at, "updated_at": at,
    }  # fmt: skip


def page(person: str, at: datetime, **fields: Any) -> dict[str, Any]:
    return {
        "web_event_id": f"e-{person}-{at:%m%d}", "anonymous_id": f"a-{person}", "occurred_at": at,
        "page_url": "https://shop.example/", "page_host": "shop.example",
    } | fields  # fmt: skip


# person: (lead, opportunity created, deal won)
COHORT: dict[str, tuple[dict[str, Any], datetime | None, date | None]] = {
    # Won on the 180th day, and on the 181st.
    "f1": (lead("f1", "MQL", datetime(2024, 3, 1, 15)), datetime(2024, 3, 20), date(2024, 8, 28)),
    "f2": (lead("f2", "MQL", datetime(2024, 3, 31)), datetime(2024, 4, 10), date(2024, 9, 28)),
    # The day of the conversion counts at noon, the deal of that day was opened in the morning.
    "f3": (lead("f3", "Qualified", datetime(2024, 3, 15, 9), date(2024, 3, 15)),
           datetime(2024, 3, 15, 9, 30), None),
    "f4": (lead("f4", "MQL", datetime(2024, 3, 5)), None, None),
    # No record of the stages between; a deal from before the MQL, won after it.
    "f5": (lead("f5", "MQL", datetime(2024, 4, 2)), None, date(2024, 4, 20)),
    "f7": (lead("f7", "MQL", datetime(2024, 4, 30)), datetime(2024, 4, 1), date(2024, 5, 2)),
}  # fmt: skip
PEOPLE = ("p1", "p2", "p3", "p4", *COHORT)
TABLES: dict[str, list[dict[str, Any]]] = {
    "staging.stg_salesforce__opportunities": [
        deal("d1", datetime(2026, 2, 1), date(2026, 2, 5), "500.00", person="p1"),
        deal("d2", datetime(2026, 2, 1), date(2026, 2, 2), "100.00", person="p1"),
        deal("d3", datetime(2026, 2, 3), date(2026, 2, 13), "300.00", person="p3"),
        deal("d4", datetime(2026, 2, 10), date(2026, 2, 20), "400.00", won=False, person="p4"),
        deal("d5", datetime(2026, 4, 2), amount=None, person="p4"),
        deal("d6", datetime(2026, 5, 10), date(2026, 5, 9), "50.00", person="p2"),
        *(deal(person, created, closed) for person, (_, created, closed) in COHORT.items()
          if created or closed),
    ],
    "staging.stg_salesforce__leads": [row for row, _, _ in COHORT.values()],
    "staging.stg_hubspot__contacts": [
        {"hubspot_contact_id": "h6", "lifecycle_stage": "sales_qualified_lead",
         "created_at": datetime(2024, 4, 10)},
    ],
    "identity.person_records": [
        *({"source": "salesforce", "record_type": kind, "record_id": f"{prefix}{person}",
           "person_id": person} for person in PEOPLE
          for kind, prefix in (("contact", "003"), ("lead", "00Q"))),
        {"source": "hubspot", "record_type": "contact", "record_id": "h6", "person_id": "f6"},
    ],
    "identity.identifiers": [
        {"id_type": "anonymous_id", "id_value": f"a-{p}", "person_id": p} for p in PEOPLE
    ],
    "marts.dim_people": [{"person_id": p} for p in (*PEOPLE, "f6")],
    "staging.stg_web_events__pages": [
        page("p1", datetime(2025, 12, 20), gclid="x"),
        page("p3", datetime(2026, 1, 10)),
        page("p3", datetime(2026, 1, 20), gclid="y"),
        # The only touch was made without consent, so nobody knows its channel.
        page("p4", datetime(2026, 1, 20), gclid="z", has_analytics_consent=False),
    ],
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def built(module_home: Path, marts: Callable[..., None]) -> None:
    marts(TABLES, select="identity.evidence.web marts.touches marts.conversions marts.spend "
          "marts.campaigns marts.attribution marts.experiments marts.revenue")  # fmt: skip


@pytest.fixture(scope="module")
def pipeline(query: Query) -> dict[date, dict[str, Any]]:
    """Rows of pipeline_months by month."""
    found = {row["period"]: row for row in query("from marts.pipeline_months")}
    assert len(found) == 28  # from March 2024 to the run's month, none left out
    return found


def test_velocity_is_opportunities_by_win_rate_by_deal_by_days(pipeline: Any) -> None:
    row = pipeline[FEB]  # three won after 4, 1 and 10 days, one lost
    assert (row["opportunities"], row["pipeline_usd"]) == (4, 1300)
    assert (row["won"], row["lost"], row["won_usd"]) == (3, 1, 900)
    assert (row["win_rate"], row["average_deal_usd"]) == (0.75, 300)
    assert (row["sales_cycle_days"], row["sales_cycle_days_median"]) == (5, 4)
    assert row["pipeline_velocity_usd"] == 4 * 0.75 * 300 / 5


def test_sourced_asks_the_first_touch_and_influenced_any(pipeline: Any) -> None:
    row = pipeline[FEB]
    assert row["marketing_sourced_opportunities"] == 2
    assert row["marketing_sourced_pipeline_usd"] == 500 + 100
    # … and the deal that began direct and met an ad later
    assert row["marketing_influenced_opportunities"] == 3
    assert row["marketing_influenced_pipeline_usd"] == 500 + 100 + 300
    assert row["marketing_sourced_share"] == pytest.approx(600 / 1300)
    assert row["marketing_influenced_share"] == pytest.approx(900 / 1300)


def test_nothing_to_divide_by_is_null(pipeline: Any) -> None:
    ratios = ["win_rate", "average_deal_usd", "sales_cycle_days", "sales_cycle_days_median",
              "pipeline_velocity_usd", "marketing_sourced_share"]  # fmt: skip
    assert (pipeline[APR]["opportunities"], pipeline[APR]["pipeline_usd"]) == (1, 0)  # unknown
    for month in (MAR, APR, JUN):
        assert [pipeline[month][name] for name in ratios] == [None] * 6
    # Booked after it was won: its cycle is not known.
    assert [pipeline[MAY][name] for name in ratios[:5]] == [1, 50, None, None, None]


def test_funnel_counts_the_cohorts_own_people_within_the_days(query: Query) -> None:
    found = {row["period"]: row for row in query("from marts.funnel_cohorts")}
    names = ["mqls", "sqls", "opportunities", "won", "mql_to_sql", "sql_to_opportunity",
             "opportunity_to_won", "mql_to_won", "is_complete"]  # fmt: skip
    march, april = ([found[date(2024, m, 1)][n] for n in names] for m in (3, 4))
    assert march == [4, 3, 3, 1, 0.75, 1, pytest.approx(1 / 3), 0.25, True]
    assert april == [3, 1, 0, 2, pytest.approx(1 / 3), 0, None, pytest.approx(2 / 3), True]
    assert [found[JUN][n] for n in names] == [0, 0, 0, 0, None, None, None, None, False]
    assert [row["is_complete"] for _, row in sorted(found.items())][-7:] == [True] + [False] * 6
