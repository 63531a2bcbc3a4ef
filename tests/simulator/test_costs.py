"""The cost list holds what no ad report has, at the cost that the CRM knows."""

import csv
from collections import Counter
from datetime import date
from decimal import Decimal
from pathlib import Path

ROOT = Path(__file__).parents[2] / "seeds" / "exports"


def rows(name: str) -> list[dict[str, str]]:
    with (ROOT / name).open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert found
    return found


def test_campaigns_cost_what_the_crm_says_unless_google_reports_them() -> None:
    reported = {
        cells[2]
        for path in (ROOT / "google_ads").glob("*.csv") if "excel" not in path.name
        for cells in csv.reader(path.read_text("utf-8").splitlines()[3:])
    }  # fmt: skip
    expected = Counter(
        (row["Name"], row["StartDate"], row["ActualCost"])
        for row in rows("salesforce/Campaign.csv")
        if row["Type"] != "Email" and row["Name"] not in reported
    )
    listed = [row for row in rows("costs/cost_list.csv") if row["campaign"]]
    assert Counter((r["campaign"], r["cost_date"], r["amount"]) for r in listed) == expected
    assert expected.total() > 40
    assert {row["category"] for row in listed} == {"event", "agency", "content", "other"}


def test_the_team_its_tools_and_its_agency_cost_something_every_month() -> None:
    listed = [row for row in rows("costs/cost_list.csv") if not row["campaign"]]
    months = {f"{2025 + n // 12}-{n % 12 + 1:02}" for n in range(6, 18)}
    for category, currency in (("salary", "USD"), ("tool", "USD"), ("agency", "GBP")):
        of_one = [row for row in listed if row["category"] == category]
        assert {row["cost_date"][:7] for row in of_one} == months
        assert {row["currency"] for row in of_one} == {currency}
    salaries = [row for row in listed if row["category"] == "salary"]
    assert len(salaries) == len(months)  # a row a month for the whole team
    assert sum(Decimal(row["amount"]) < 0 for row in listed) == 2


def test_ids_are_unique_and_days_inside_the_window() -> None:
    listed = rows("costs/cost_list.csv")
    assert len({row["cost_id"] for row in listed}) == len(listed)
    days = [date.fromisoformat(row["cost_date"]) for row in listed]
    assert days == sorted(days)
    assert date(2025, 7, 1) <= days[0] and days[-1] < date(2026, 7, 1)
