"""Costs, revenue, new customers and their value, month by month, against figures by hand."""

import csv
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from warehouse.connection import connect
from warehouse.dbt import build
from warehouse.errors import DbtFailed
from warehouse.settings import settings

Query = Callable[[str], list[dict[str, Any]]]
D = Decimal
JAN, FEB, MAR, APR, MAY, JUN = (date(2026, month, 1) for month in range(1, 7))
EXPO = "Event_SMB_Q1-2026_Expo"
REVENUE = "marts.attribution marts.experiments marts.revenue"


def cents(value: Any) -> Decimal:
    """To the cent, halves away from zero."""
    return D(value).quantize(D("0.01"), ROUND_HALF_UP)


def euro(day: date) -> Decimal:
    """US dollars for one euro on a day, read from the rule rows."""
    with (settings().rules / "fx_rates.csv").open() as rows:
        rates = {r["rate_date"]: D(r["usd_rate"]) for r in csv.DictReader(rows)
                 if r["currency"] == "EUR"}  # fmt: skip
    return rates[max(d for d in rates if d <= day.isoformat())]


def deal(
    key: str, person: str, created: datetime, closed: date, amount: str, currency: str = "USD",
    **fields: Any,
) -> dict[str, Any]:  # fmt: skip
    return {
        "salesforce_opportunity_id": key, "salesforce_contact_id": f"003{person}",
        "opportunity_type": "New Business", "currency": currency, "amount_local": amount,
        "is_closed": True, "is_won": True, "close_date": closed, "created_at": created,
    } | fields  # fmt: skip


def spent(day: date, amount: str, currency: str) -> dict[str, Any]:
    return {"google_ads_campaign_id": "g", "campaign_name": "Search_SMB_Q1-2026_Brand",
            "report_date": day, "currency": currency, "cost_local": amount}  # fmt: skip


def cost(
    key: str, day: date | None, category: str | None, amount: str | None,
    currency: str | None = "USD", campaign: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    return {"cost_id": key, "cost_date": day, "category": category, "campaign_name": campaign,
            "currency": currency, "cost_local": amount}  # fmt: skip


def page(person: str, at: datetime, **fields: Any) -> dict[str, Any]:
    return {
        "web_event_id": f"e-{person}-{at:%m%d}", "anonymous_id": f"a-{person}", "occurred_at": at,
        "page_url": "https://shop.example/", "page_host": "shop.example",
    } | fields  # fmt: skip


def invoice(
    key: str, total: str, first: datetime, end: datetime, currency: str = "USD", **fields: Any
) -> dict[str, Any]:
    return {
        "billing_invoice_id": key, "billing_customer_id": key[0], "currency": currency,
        "billing_subscription_id": f"s{key[0]}", "billing_charge_id": f"ch_{key}",
        "invoice_status": "paid", "total_local": total, "tax_local": "0.00", "created_at": first,
        "service_started_at": first, "service_ended_at": end,
    } | fields  # fmt: skip


def subscription(customer: str, started: datetime, **fields: Any) -> dict[str, Any]:
    return {"billing_subscription_id": f"s{customer}", "billing_customer_id": customer,
            "subscription_status": "active", "started_at": started} | fields  # fmt: skip


LAWS = (
    "assert_costs_are_conserved assert_models_agree_on_revenue assert_revenue_months_are_whole "
    "assert_billed_revenue_is_spread_whole assert_revenue_rules_are_whole"
)
PEOPLE = ("p1", "p2", "p3")
A1, A2 = {"salesforce_account_id": "001a"}, {"salesforce_account_id": "001b"}
TABLES: dict[str, list[dict[str, Any]]] = {
    "staging.stg_salesforce__opportunities": [
        deal("d1", "p1", datetime(2026, 1, 5), date(2026, 1, 25), "1000.00", "EUR", **A1),
        deal("d2", "p1", datetime(2026, 2, 1), date(2026, 2, 5), "500.00", **A1),
        deal("d7", "p1", datetime(2026, 2, 1), date(2026, 2, 2), "100.00", **A1),
        deal("d3", "p3", datetime(2026, 2, 3), date(2026, 2, 13), "300.00"),
        deal("d6", "p2", datetime(2026, 5, 10), date(2026, 5, 9), "50.00", **A2),
        deal("r1", "p1", datetime(2026, 2, 28), date(2026, 2, 28), "1000.00", "EUR",
             opportunity_type="Refund", original_opportunity_id="d1", **A1),
    ],
    "identity.person_records": [
        {"source": "salesforce", "record_type": "contact", "record_id": f"003{p}", "person_id": p}
        for p in PEOPLE
    ],
    "identity.identifiers": [
        {"id_type": "anonymous_id", "id_value": f"a-{p}", "person_id": p} for p in PEOPLE
    ],
    "marts.dim_people": [{"person_id": p} for p in PEOPLE],
    "marts.dim_accounts": [
        {"account_id": "A1", **A1}, {"account_id": "A2", **A2},
    ],
    "staging.stg_web_events__pages": [
        page("p1", datetime(2025, 12, 20), gclid="x"),
        page("p3", datetime(2026, 1, 10)),
        page("p3", datetime(2026, 1, 20), gclid="y"),
    ],
    "staging.stg_salesforce__campaigns": [
        {"salesforce_campaign_id": "702", "campaign_name": EXPO, "campaign_type": "Conference"},
    ],
    "staging.stg_google_ads__campaign_days": [
        spent(date(2026, 1, 31), "10.00", "EUR"), spent(FEB, "10.00", "EUR"),
        spent(FEB, "20.00", "USD"),
    ],
    "staging.stg_costs__costs": [
        cost("c1", date(2026, 1, 31), "salary", "100.00"),
        cost("c2", date(2026, 2, 5), "event", "33.33", "EUR", "event smb q12026 expo"),
        cost("c3", date(2026, 2, 6), "agency", "40.00", campaign="Unheard of"),
        cost("c4", None, "agency", "1000.00"),
        cost("c5", date(2026, 2, 7), "tool", "-5.00"),
        cost("c6", date(2026, 4, 5), "event", "7.00", None),
        cost("c7", date(2026, 4, 5), None, "1.00"),
        cost("c8", date(2026, 4, 5), "tool", None),
    ],
    "staging.stg_billing__subscriptions": [
        subscription("A", datetime(2026, 1, 1)),
        subscription("B", datetime(2026, 1, 15), ended_at=datetime(2026, 4, 10),
                     subscription_status="canceled"),
        subscription("T", datetime(2026, 2, 1), trial_ended_at=datetime(2026, 3, 1),
                     ended_at=datetime(2026, 3, 1), subscription_status="canceled"),
        subscription("I", datetime(2026, 2, 1), subscription_status="incomplete_expired"),
    ],
    "staging.stg_billing__invoices": [
        invoice("A1", "400.00", datetime(2026, 1, 1), datetime(2027, 1, 1), tax_local="35.00"),
        invoice("B1", "100.00", datetime(2026, 1, 15), datetime(2026, 2, 15), "EUR"),
        invoice("B2", "100.00", datetime(2026, 2, 15), datetime(2026, 3, 15),
                invoice_status="draft"),
        invoice("X1", "900.00", datetime(2026, 2, 1), datetime(2026, 3, 1),
                billing_subscription_id=None),
    ],
    "staging.stg_billing__refunds": [
        {"billing_charge_id": "ch_B1", "currency": "EUR", "refunded_local": "50.00",
         "refunded_at": datetime(2026, 3, 3)},
        {"billing_charge_id": "ch_A1", "billing_invoice_id": "A1", "currency": "USD",
         "refunded_local": "0.00"},
    ],
}  # fmt: skip
MARGIN = {JAN: D("0.5")} | dict.fromkeys((FEB, MAR, APR, MAY, JUN), D("0.6"))


@pytest.fixture(scope="module", autouse=True)
def built(module_home: Path, marts: Callable[..., None]) -> None:
    marts(TABLES, select="identity.evidence.web marts.touches marts.conversions marts.spend "
          f"marts.campaigns {REVENUE}")  # fmt: skip
    with connect("test") as con:
        con.execute("delete from rules.margins")
        con.execute("insert into rules.margins values ('2000-01-01', '2026-02-01', 0.5), "
                    "('2026-02-01', null, 0.6)")  # fmt: skip
    done = build(f"{REVENUE} {LAWS}", vars={"as_of": "2026-06-30 00:00:00"})
    assert set(LAWS.split()) <= {node.name for node in done.of("pass")}


@pytest.fixture(scope="module")
def costs() -> dict[date, Decimal]:
    """Marketing cost of each month in US dollars, by hand."""
    january, february = euro(JAN), euro(FEB)
    return {
        JAN: cents(10 * january) + 100,
        FEB: cents(10 * february) + 20 + cents(D("33.33") * february) + 40 - 5,
        MAR: D(0), APR: D(8), MAY: D(0), JUN: D(0),
    }  # fmt: skip


def by_month(rows: list[dict[str, Any]]) -> dict[date, dict[str, Any]]:
    return {row["period"]: row for row in rows if row["period"] >= JAN}


def test_every_cost_is_kept_with_its_channel_at_the_rate_of_its_day(query: Query) -> None:
    found = query("from marts.fct_marketing_costs order by cost_date, category, cost_local")
    search, expo = ("google_ads:g", "Search_SMB_Q1-2026_Brand"), ("salesforce:702", EXPO)
    none, unheard = (None, None), (None, "Unheard of")
    assert [
        (r["cost_date"], r["source"], r["category"], r["cost_kind"], r["channel"],
         (r["campaign_id"], r["canonical_name"]), r["currency"], r["cost_local"], r["cost_usd"])
        for r in found
    ] == [
        (day, source, category, kind, channel, campaign, currency, D(amount),
         cents(D(amount) * (euro(day) if currency == "EUR" else 1)))
        for day, source, category, kind, channel, campaign, currency, amount in [
            (date(2026, 1, 31), "google_ads", "ad_spend", "media", "paid_search", search, "EUR",
             "10.00"),
            (date(2026, 1, 31), "costs", "salary", "other", "(no channel)", none, "USD", "100.00"),
            (FEB, "google_ads", "ad_spend", "media", "paid_search", search, "EUR", "10.00"),
            (FEB, "google_ads", "ad_spend", "media", "paid_search", search, "USD", "20.00"),
            (date(2026, 2, 5), "costs", "event", "other", "events", expo, "EUR", "33.33"),
            (date(2026, 2, 6), "costs", "agency", "other", "(no channel)", unheard, "USD", "40.00"),
            (date(2026, 2, 7), "costs", "tool", "other", "(no channel)", none, "USD", "-5.00"),
            (date(2026, 4, 5), "costs", "(no category)", "other", "(no channel)", none, "USD",
             "1.00"),
            (date(2026, 4, 5), "costs", "event", "other", "events", none, "USD", "7.00"),
        ]
    ]  # fmt: skip
    assert euro(JAN) != euro(FEB)
    left_out = query("select cost_id, left_out from marts.int_costs__entries "
                     "where left_out is not null order by cost_id")  # fmt: skip
    assert [tuple(r.values()) for r in left_out] == [
        ("c4", "it has no day that can be read"), ("c8", "it has no amount that can be read"),
    ]  # fmt: skip


def test_roi_is_percent_of_all_cost_and_beside_it_on_gross_margin(query: Query) -> None:
    rows = query("from marts.channel_attribution where model = 'linear'")
    found = {(r["period"], r["channel"]): r for r in rows}
    search, spend, revenue = (
        found[JAN, "paid_search"],
        cents(10 * euro(JAN)),
        cents(1000 * euro(JAN)),
    )
    assert (search["spend_usd"], search["cost_usd"]) == (spend, spend)
    assert search["roi"] == pytest.approx(float(100 * (revenue - spend) / spend))
    assert search["roi_gross_margin"] == pytest.approx(float(100 * (revenue / 2 - spend) / spend))
    assert search["roas"] == pytest.approx(float(revenue / spend))
    alone = found[JAN, "(no channel)"]  # a cost without a conversion, and without ad spend
    assert (alone["spend_usd"], alone["cost_usd"]) == (0, 100)
    assert (alone["roi"], alone["roas"], alone["cpa"]) == (-100, None, None)
    free = found[MAY, "(unattributed)"]  # a conversion without a cost
    assert (free["revenue_usd"], free["cost_usd"]) == (50, 0)
    assert (free["roi"], free["roi_gross_margin"], free["roas"], free["cpa"]) == (
        None, None, None, 0,
    )  # fmt: skip
    back = found[FEB, "paid_search"]  # the refund takes the weights of its sale, at its own rate
    assert back["revenue_usd"] == 500 + 100 + 150 - cents(1000 * euro(FEB))
    names = query("select canonical_name, campaign_id, cost_usd, spend_usd "
                  f"from marts.campaign_attribution where model = 'linear' and period = '{FEB}' "
                  "and cost_usd > 0 and spend_usd = 0 order by 1")  # fmt: skip
    assert [tuple(r.values()) for r in names] == [
        (EXPO, "salesforce:702", cents(D("33.33") * euro(FEB)), 0), ("Unheard of", None, 40, 0),
    ]  # fmt: skip


def test_revenue_months(query: Query, costs: dict[date, Decimal]) -> None:
    found = by_month(query("from marts.revenue_months"))
    sales = {JAN: cents(1000 * euro(JAN)), FEB: D(900), MAY: D(50)}
    refunds = {FEB: -cents(1000 * euro(FEB))}
    customers = {JAN: 1, FEB: 1, MAY: 1}  # an account once, a person without account, an account
    assert sorted(found) == [JAN, FEB, MAR, APR, MAY, JUN]
    for month, row in found.items():
        revenue = sales.get(month, D(0)) + refunds.get(month, D(0))
        new, spend = customers.get(month, 0), costs[month]
        assert (row["sales_usd"], row["refunds_usd"]) == (
            sales.get(month, 0), refunds.get(month, 0),
        )  # fmt: skip
        assert (row["revenue_usd"], row["cost_usd"], row["new_customers"]) == (revenue, spend, new)
        assert row["gross_profit_usd"] == cents(revenue * MARGIN[month])
        assert row["blended_cac_usd"] == (cents(spend / new) if new else None)
        expected: list[Any] = [None] * 3
        if spend:
            profit = revenue * MARGIN[month]
            expected = [float(revenue / spend), float(100 * (revenue - spend) / spend),
                        float(100 * (profit - spend) / spend)]  # fmt: skip
        got = [row["mer"], row["roi"], row["roi_gross_margin"]]
        assert got == [pytest.approx(e) if e is not None else None for e in expected], month
    assert found[FEB]["spend_usd"] == cents(10 * euro(FEB)) + 20


def test_paid_cac_follows_each_models_weights(query: Query) -> None:
    spend = {JAN: cents(10 * euro(JAN)), FEB: cents(10 * euro(FEB)) + 20}
    share = {"first_touch": 0, "last_touch": 1, "linear": D("0.5"), "last_non_direct": 1}
    for model, weight in share.items():
        found = by_month(query(f"from marts.paid_cac_months where model = '{model}'"))
        assert len(found) == 6
        assert found[JAN]["paid_cac_usd"] == spend[JAN]
        assert found[FEB]["paid_spend_usd"] == spend[FEB]
        assert found[FEB]["paid_customers"] == pytest.approx(float(weight))
        assert found[FEB]["paid_cac_usd"] == (cents(spend[FEB] / weight) if weight else None)
        assert (found[MAY]["paid_customers"], found[MAY]["paid_cac_usd"]) == (0, None)
    events = query(f"from marts.channel_costs_of_customers where period = '{APR}' "
                   "and channel = 'events' and model = 'linear'")  # fmt: skip
    assert [(r["cost_usd"], r["new_customers"], r["cac_usd"]) for r in events] == [(7, 0, None)]


def spread(amount: Decimal, first: date, end: date) -> dict[date, Decimal]:
    """An amount per month by days in whole cents: largest remainders up, the earlier first."""
    days: dict[date, int] = {}
    for number in range((end - first).days):
        month = (first + timedelta(number)).replace(day=1)
        days[month] = days.get(month, 0) + 1
    exact = {m: Fraction(amount) * 100 * n / (end - first).days for m, n in days.items()}
    whole = {m: int(value) for m, value in exact.items()}
    left = int(amount * 100) - sum(whole.values())
    for month in sorted(exact, key=lambda m: (whole[m] - exact[m], m))[:left]:
        whole[month] += 1
    return {m: D(value) / 100 for m, value in whole.items()}


def test_customer_value_is_from_billing_and_null_while_nobody_leaves(
    query: Query, costs: dict[date, Decimal]
) -> None:
    found = by_month(query("from marts.customer_value_months"))
    year = spread(D("365.00"), date(2026, 1, 1), date(2027, 1, 1))
    month = spread(cents(100 * euro(JAN)), date(2026, 1, 15), date(2026, 2, 15))
    billed = {m: year[m] + month.get(m, D(0)) for m in found}
    billed[MAR] -= cents(50 * euro(MAR))
    assert year[FEB] == 28 and len(month) == 2
    counts = {JAN: (2, 1, 0), FEB: (2, 2, 0), MAR: (2, 2, 0), APR: (2, 2, 1), MAY: (1, 1, 0),
              JUN: (1, 0, 0)}  # June has not ended  # fmt: skip
    new = {JAN: 1, FEB: 1, MAY: 1}
    for last, row in found.items():
        window = [m for m in found if m <= last]
        active, at_start, lost = (sum(counts[m][i] for m in window) for i in range(3))
        profit = sum(billed[m] * MARGIN[m] for m in window) / active
        cac = sum(costs[m] for m in window) / sum(new.get(m, 0) for m in window)
        assert row["billed_usd"] == billed[last]
        assert (row["active_customers"], row["customers_at_start"], row["lost_customers"]) == (
            counts[last]
        )
        assert row["arpa_usd"] == cents(sum(billed[m] for m in window) / active)
        assert row["churn_rate"] == pytest.approx(lost / at_start)
        assert row["cac_usd"] == cents(cac)
        assert row["payback_months"] == pytest.approx(float(cac / profit))
        if lost:
            ltv = profit * at_start / lost
            assert row["lifetime_months"] == pytest.approx(at_start / lost)
            assert row["ltv_usd"] == cents(ltv)
            assert row["ltv_to_cac"] == pytest.approx(float(ltv / cac))
        else:
            assert (row["lifetime_months"], row["ltv_usd"], row["ltv_to_cac"]) == (None,) * 3
    assert found[MAR]["ltv_usd"] is None and found[APR]["ltv_usd"] > 0


WRONGS = [
    ("assert_costs_are_conserved", "marts.fct_marketing_costs",
     "delete {} where category = 'tool'"),
    ("assert_costs_are_conserved", "marts.channel_attribution",
     "update {} set period = period + interval 1 month where model = 'linear'"),
    ("assert_models_agree_on_revenue", "marts.campaign_attribution",
     "update {} set period = '2026-06-01' where model = 'linear' and period = '2026-05-01'"),
    ("assert_models_agree_on_revenue", "marts.conversion_touches",
     "update {} set linear_revenue_local = linear_revenue_local + 0.01 "
     "where conversion_id = 'closed_won:d1'"),
    ("assert_revenue_months_are_whole", "marts.revenue_months", "delete {} where revenue_usd = 50"),
    ("assert_revenue_months_are_whole", "marts.channel_costs_of_customers",
     "update {} set new_customers = 0 where model = 'linear' and period = '2026-05-01'"),
    ("assert_billed_revenue_is_spread_whole", "marts.int_billing__months",
     "update {} set billed_usd = billed_usd + 0.01 where period = '2026-02-01'"),
    ("assert_revenue_rules_are_whole", "rules.revenue_rules", "delete {} where rule = 'won_days'"),
    ("assert_revenue_rules_are_whole", "rules.channels",
     "update {} set is_marketing = true where channel = 'direct'"),
]  # fmt: skip


@pytest.fixture
def kept(request: pytest.FixtureRequest) -> Iterator[tuple[str, str]]:
    """(law, change of its table); the table is put back afterwards."""
    law, table, change = request.param
    with connect("test") as con:
        con.execute(f"create or replace table main.kept as from {table}")
    yield law, change.replace("delete {}", f"delete from {table}").format(table)
    with connect("test") as con:
        con.execute(f"create or replace table {table} as from main.kept")


@pytest.mark.parametrize("kept", WRONGS, indirect=True, ids=lambda w: f"{w[0][7:]}-{w[1]}")
def test_each_law_can_fail(kept: tuple[str, str]) -> None:
    law, change = kept
    with connect("test") as con:
        con.execute(change)
    with pytest.raises(DbtFailed, match=law):
        build(law, command="test")
