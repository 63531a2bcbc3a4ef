"""Billing staging: money in major units, times without an offset, lists that are exported again."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

Table = Callable[[str], list[dict[str, Any]]]

SECOND = "00000002-bbbbbbbbbbbb"


def _invoice(key: str, total: str, currency: str = "usd", **fields: str) -> dict[str, Any]:
    row = {"id": key, "Customer": "cus_1", "Date (UTC)": "2026-01-05 09:13", "Total": total}
    return row | {"Currency": currency} | fields


CUSTOMERS = [
    {"id": " cus_1 ", "Email": "Ann@Example.test", "_normal_Email": "ann@example.test",
     "Name": "Ann, Ltd.", "Created (UTC)": "2026-01-05 09:12:44", "Delinquent": "true"},
    {"id": "cus_1", "Name": "Ann Ltd.", "Created (UTC)": "2026-01-05 09:12:44",
     "Delinquent": "false", "_load_id": SECOND},
    {"id": "cus_2", "Email": "nobody", "Name": "", "Created (UTC)": "yesterday", "Delinquent": ""},
]  # fmt: skip
SUBSCRIPTIONS = [
    {"id": "sub_1", "Customer ID": "cus_1", "Plan": "price_1", "Quantity": "4", "Interval": "Year",
     "Amount": "1200.00", "Status": "active", "Created (UTC)": "2026-01-05 09:13",
     "Current Period End (UTC)": "2027-01-05 09:13", "Ended At (UTC)": ""},
    {"id": "sub_2", "Customer ID": "cus_2", "Quantity": "1.5", "Currency": "jpy", "Amount": "5000",
     "Status": "canceled", "Created (UTC)": "2026-02-11 23:59",
     "Canceled At (UTC)": "2026-03-01 08:00:30", "Cancellation Reason": "payment_failed"},
]  # fmt: skip
INVOICES = [
    _invoice("dollars", "1200.00", Tax="100.00", Subtotal="1100.00", Number="NW-1", Status="Paid"),
    _invoice("yen", "5000", "jpy", Number=""),
    _invoice("credit", "-12.5"),
    _invoice("comma", "35,82", "eur"),
    _invoice("thousands", "1,204.50"),
    _invoice("ambiguous", "1.204", "eur"),
    _invoice("sign", "$12.00"),
]
CHARGES = [
    {"id": "ch_1", "Created date (UTC)": "2026-01-05 10:14:02", "Amount": "1200.00",
     "Amount Refunded": "0.00", "Currency": "usd", "Status": "Paid", "Invoice ID": "in_1"},
    {"id": "ch_1", "Created date (UTC)": "2026-01-05 10:14:02", "Amount": "1200.00",
     "Amount Refunded": "300.00", "Currency": "usd", "Status": "Partial Refund",
     "Refunded date (UTC)": "2026-01-20 16:00:30", "Invoice ID": "in_1", "_load_id": SECOND},
    {"id": "py_2", "Created date (UTC)": "2026-02-19 00:05", "Amount": "5000",
     "Amount Refunded": "0", "Currency": "jpy", "Status": "Paid", "Invoice ID": ""},
]  # fmt: skip


@pytest.fixture(scope="module")
def table(stage: Callable[..., Table]) -> Table:
    return stage(
        "billing",
        {"customers": CUSTOMERS, "subscriptions": SUBSCRIPTIONS, "invoices": INVOICES,
         "refunds": CHARGES},
    )  # fmt: skip


def test_the_last_export_of_a_customer_counts(table: Table) -> None:
    first, second = table("stg_billing__customers")
    assert (first["billing_customer_id"], first["customer_name"]) == ("cus_1", "Ann Ltd.")
    assert (first["email"], first["is_delinquent"]) == (None, False)
    assert first["created_at"] == datetime(2026, 1, 5, 9, 12, 44)
    unknown = ("email", "customer_name", "is_delinquent", "created_at")
    assert [second[name] for name in unknown] == [None] * 4


def test_subscriptions(table: Table) -> None:
    first, second = table("stg_billing__subscriptions")
    assert (first["quantity"], first["currency"], first["amount_local"]) == (4, None, 1200)
    assert (first["billing_interval"], first["ended_at"]) == ("year", None)
    assert first["period_ended_at"] == datetime(2027, 1, 5, 9, 13)
    assert (second["quantity"], second["currency"]) == (None, "JPY")
    assert second["canceled_at"] == datetime(2026, 3, 1, 8, 0, 30)


def test_money_is_exact_and_never_scaled(table: Table) -> None:
    rows = table("stg_billing__invoices")
    found = {r["billing_invoice_id"]: (r["currency"], r["total_local"]) for r in rows}
    assert found == {
        "dollars": ("USD", Decimal("1200.00")),
        "yen": ("JPY", Decimal("5000.00")),
        "credit": ("USD", Decimal("-12.50")),
        "comma": ("EUR", None),
        "thousands": ("USD", None),
        "ambiguous": ("EUR", None),
        "sign": ("USD", None),
    }
    dollars = next(r for r in rows if r["billing_invoice_id"] == "dollars")
    assert (dollars["subtotal_local"], dollars["tax_local"]) == (1100, 100)
    assert (dollars["invoice_number"], dollars["invoice_status"]) == ("NW-1", "paid")
    assert dollars["created_at"] == datetime(2026, 1, 5, 9, 13)


def test_a_refund_replaces_what_the_charge_said_before(table: Table) -> None:
    refunded, untouched = table("stg_billing__refunds")
    assert (refunded["refunded_local"], refunded["charge_status"]) == (300, "partial refund")
    assert refunded["refunded_at"] == datetime(2026, 1, 20, 16, 0, 30)
    assert (refunded["billing_invoice_id"], refunded["charged_local"]) == ("in_1", 1200)
    assert (untouched["refunded_local"], untouched["refunded_at"]) == (0, None)
    assert (untouched["currency"], untouched["charged_local"]) == ("JPY", 5000)
    assert untouched["billing_invoice_id"] is None
