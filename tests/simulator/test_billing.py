"""Billing says what the CRM's deals say, to the cent, and nothing of one deal hangs on another."""

import csv
from collections import Counter, defaultdict
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from simulator.simulate import simulate

WORLD = {"people": 3_000, "months": 14, "seed": 19}
END = datetime(2026, 7, 1)
CENT = Decimal("0.01")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("billing")
    simulate(out=out, **WORLD)
    return out


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / "exports" / name).open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert found
    return found


def moment(text: str) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def test_every_deal_won_is_a_subscription_of_its_amount(written: Path) -> None:
    plans = {
        (row["Created (UTC)"][:10], row["Currency"].upper(), row["Amount"], row["Interval"])
        for row in rows(written, "billing/subscriptions.csv")
    }
    deals = [row for row in rows(written, "salesforce/Opportunity.csv")
             if row["IsWon"] == "true" and row["Type"] != "Refund"]  # fmt: skip
    kinds = Counter[str]()
    for deal in deals:
        amount = Decimal(deal["Amount"])
        found = [
            every for every, value in (
                ("year", amount), ("month", (amount / 12).quantize(CENT, ROUND_HALF_UP))
            )
            if (deal["CloseDate"], deal["CurrencyIsoCode"], str(value), every) in plans
        ]  # fmt: skip
        assert len(found) == 1, deal["Id"]
        kinds[found[0]] += 1
    print(dict(kinds))
    assert len(plans) == len(deals) == kinds.total()
    assert min(kinds["year"], kinds["month"]) > 5


def test_what_the_crm_refunds_goes_back_without_its_tax(written: Path) -> None:
    invoices = {row["id"]: row for row in rows(written, "billing/invoices.csv")}
    returned = Counter[tuple[str, str, Decimal]]()
    for row in rows(written, "billing/unified_payments.csv"):
        invoice, back = invoices[row["Invoice ID"]], Decimal(row["Amount Refunded"])
        whole = back == Decimal(row["Amount"])
        status = "Paid" if not back else "Refunded" if whole else "Partial Refund"
        assert row["Status"] == status
        assert bool(back) == bool(row["Refunded date (UTC)"])
        if back:
            assert row["Refunded date (UTC)"] > row["Created date (UTC)"]
            net = (back * Decimal(invoice["Subtotal"]) / Decimal(invoice["Total"])).quantize(CENT)
            returned[row["Refunded date (UTC)"][:10], row["Currency"].upper(), net] += 1
    refunds = Counter(
        (row["CloseDate"], row["CurrencyIsoCode"], -Decimal(row["Amount"]))
        for row in rows(written, "salesforce/Opportunity.csv") if row["Type"] == "Refund"
    )  # fmt: skip
    assert returned == refunds
    assert refunds.total() > 2


def test_invoices_follow_the_subscription_and_payments_the_invoices(written: Path) -> None:
    subscriptions = {row["id"]: row for row in rows(written, "billing/subscriptions.csv")}
    customers = rows(written, "billing/customers.csv")
    assert len({row["id"] for row in customers}) == len(customers)
    assert {row["id"] for row in customers} == {
        row["Customer ID"] for row in subscriptions.values()
    }
    of = defaultdict[str, list[dict[str, str]]](list)
    paid = {row["Invoice ID"]: row for row in rows(written, "billing/unified_payments.csv")}
    for row in rows(written, "billing/invoices.csv"):
        of[row["Subscription"]].append(row)
        assert Decimal(row["Subtotal"]) + Decimal(row["Tax"]) == Decimal(row["Total"])
        assert row["Customer"] == subscriptions[row["Subscription"]]["Customer ID"]
        assert (row["Status"] == "paid") == (row["id"] in paid) == bool(row["Paid At (UTC)"])
        if row["id"] in paid:
            payment = paid[row["id"]]
            assert (payment["id"], payment["Amount"]) == (row["Charge"], row["Amount Paid"])
            assert payment["Created date (UTC)"][:16] == row["Paid At (UTC)"]
    open_invoices = sum(row["Status"] == "open" for many in of.values() for row in many)
    assert 0 < open_invoices < 0.1 * len(paid)
    ended = 0
    for key, plan in subscriptions.items():
        start, stop = moment(plan["Start (UTC)"]), moment(plan["Ended At (UTC)"])
        assert start is not None
        assert (plan["Status"] == "canceled") == (stop is not None)
        ended += stop is not None
        step = 1 if plan["Interval"] == "month" else 12
        expected = [
            date(start.year + (start.month - 1 + n * step) // 12,
                 (start.month - 1 + n * step) % 12 + 1, 1)
            for n in range(61)
        ]  # fmt: skip
        billed = [datetime.fromisoformat(row["Date (UTC)"]) for row in of[key]]
        assert [day.date().replace(day=1) for day in billed] == expected[: len(billed)]
        assert billed[0] == start and billed[-1] < min(stop or END, END)
        if stop is None:  # nothing is left out up to the end
            assert expected[len(billed)] >= date(2026, 6, 1)
    print(f"{len(subscriptions)} subscriptions, {ended} of them ended")
    assert ended > 3


def test_a_deal_is_billed_alike_whatever_else_happens(written: Path, tmp_path: Path) -> None:
    """With holdouts other deals are won; those that are won in both worlds cost the same."""
    simulate(out=tmp_path, holdouts=True, **WORLD)
    both = 0
    for name, key in (("invoices", "id"), ("subscriptions", "id"), ("unified_payments", "id")):
        lived, other = (
            {row[key]: {k: v for k, v in row.items() if k != "Number"}
             for row in rows(folder, f"billing/{name}.csv")}
            for folder in (written, tmp_path)
        )  # fmt: skip
        assert lived.keys() != other.keys()
        common = lived.keys() & other.keys()
        assert all(lived[one] == other[one] for one in common)
        both += len(common)
    assert both > 100
