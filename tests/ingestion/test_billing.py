"""Stripe's exports land as they are: four lists, money as written."""

from pathlib import Path

import pytest

EXPORTS = Path(__file__).parent / "exports"


@pytest.fixture
def landed(land, ingest):
    for name in ("customers", "subscriptions", "invoices", "unified_payments"):
        land(f"billing/{name}.csv", (EXPORTS / f"stripe_{name}.csv").read_bytes())
    return {file: result.load for file, result in ingest().items()}


def test_each_list_finds_its_table(landed) -> None:
    found = {f: (x.object, x.rows_in, x.rows_loaded, x.currency) for f, x in landed.items()}
    assert found == {
        "billing/customers.csv": ("customers", 2, 2, None),
        "billing/subscriptions.csv": ("subscriptions", 2, 2, None),
        "billing/invoices.csv": ("invoices", 2, 2, "jpy,usd"),
        "billing/unified_payments.csv": ("refunds", 2, 2, "jpy,usd"),
    }


@pytest.mark.usefixtures("landed")
def test_customers_land_as_written(query) -> None:
    assert query(
        'select id, "Email", "_normal_Email", "Name", "Created (UTC)", "Delinquent", _line '
        "from raw_billing.customers order by _line"
    ) == [
        ("cus_Qa1", "Accounts@Northwind.example", "accounts@northwind.example",
         "Northwind, Inc.", "2026-01-05 09:12:44", "false", 2),
        ("cus_Qa2", "", None, "株式会社サンプル", "2026-02-11 23:59:59", "true", 3),
    ]  # fmt: skip


@pytest.mark.usefixtures("landed")
def test_money_lands_as_written(query) -> None:
    assert query(
        'select id, "Amount", "Currency" from raw_billing.subscriptions order by _line'
    ) == [("sub_1A", "1200.00", None), ("sub_1B", "5000", None)]
    assert query(
        'select id, "Currency", "Subtotal", "Tax", "Total", "Amount Due", "Amount Paid" '
        "from raw_billing.invoices order by _line"
    ) == [
        ("in_1A", "usd", "1100.00", "100.00", "1200.00", "1200.00", "1200.00"),
        ("in_1B", "jpy", "5000", "0", "5000", "5000", "0"),
    ]
    assert query(
        'select id, "Invoice ID", "Currency", "Amount", "Amount Refunded", "Refunded date (UTC)" '
        "from raw_billing.refunds order by _line"
    ) == [
        ("ch_3A", "in_1A", "usd", "1200.00", "300.00", "2026-01-20 16:00:30"),
        ("py_3B", "", "jpy", "5000", "0", ""),
    ]


def test_what_is_not_needed_is_not_loaded(landed) -> None:
    left_out = landed["billing/unified_payments.csv"].undeclared_columns
    assert {"Card ID", "Customer Email", "Fee"} <= set(left_out)
    assert "Total Spend" in landed["billing/customers.csv"].undeclared_columns


def test_an_export_in_another_time_zone_is_refused(land, ingest) -> None:
    text = (EXPORTS / "stripe_invoices.csv").read_text("utf-8")
    land("billing/invoices.csv", text.replace("Date (UTC)", "Date (America/New_York)", 1))
    found = ingest()["billing/invoices.csv"]
    assert found.outcome == "refused"
    assert "missing declared column Date (UTC)" in found.load.message
