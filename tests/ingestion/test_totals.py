"""The vendor's totals: recognised, skipped, and an exact check on the rows."""

import pytest

FILE = "google_ads/report.csv"
ROWS = [("2026-09-01", "1", "USD", "1,204.50"), ("2026-09-02", "1", "USD", "0.10"),
        ("2026-09-03", "2", "USD", "0.20")]  # fmt: skip


def test_a_right_total_passes_to_the_cent(land, ingest, google) -> None:
    land(FILE, google(ROWS, "1,204.80"))
    load = ingest()[FILE].load
    assert (load.status, load.rows_loaded, load.rows_skipped) == ("loaded", 3, 2)
    assert load.checks["totals"]["sums"]["Cost"] == "1204.8"
    assert load.checks["totals"]["rows"] == ["Total: Campaigns", "Total: Account"]


@pytest.mark.parametrize("total", ["1,204.79", "1,204.81", "0.00", "1,204,800.00"])
def test_a_wrong_total_is_refused_with_both_figures(land, ingest, google, total: str) -> None:
    land(FILE, google(ROWS, total))
    found = ingest()[FILE]
    assert found.outcome == "refused"
    assert f"says Cost {total.replace(',', '')}" in found.load.message
    assert "add up to 1204.8 " in found.load.message


def test_missing_totals_are_refused(land, ingest, google) -> None:
    land(FILE, google(ROWS, None))
    assert "Total: Campaigns is missing" in ingest()[FILE].load.message


def test_a_report_without_rows_needs_no_totals(land, ingest, google) -> None:
    land(FILE, google([], None))
    assert ingest()[FILE].outcome == "loaded"


def test_a_row_lost_in_the_middle_is_noticed(land, ingest, google) -> None:
    text = google(ROWS, "1,204.80")
    land(FILE, "\n".join(line for line in text.split("\n") if "2026-09-02" not in line))
    assert "add up to 1204.7 " in ingest()[FILE].load.message


def test_several_currencies_have_no_single_total(land, ingest, google) -> None:
    land(FILE, google([*ROWS, ("2026-09-04", "3", "EUR", "5.00")], "9.99"))
    load = ingest()[FILE].load
    assert (load.status, load.currency, load.rows_loaded) == ("loaded", "EUR,USD", 4)
    assert load.checks["totals"] == "not compared: rows are in EUR, USD"


def test_an_account_total_may_count_more_but_not_less(land, ingest, google) -> None:
    text = google(ROWS, "1,204.80")
    head, tail = text.rsplit("Total: Account", 1)
    land("google_ads/more.csv", head + "Total: Account" + tail.replace("1,204.80", "2,000.00"))
    land("google_ads/less.csv", head + "Total: Account" + tail.replace("1,204.80", "1,204.79"))
    found = ingest()
    assert found["google_ads/more.csv"].outcome == "loaded"
    assert "expected at least the sum" in found["google_ads/less.csv"].load.message


def test_figures_in_another_language_are_refused(land, ingest, google) -> None:
    land(FILE, google([("2026-09-01", "1", "EUR", "48.210,50")], "48.210,50"))
    assert "1 values of Cost are not numbers as declared" in ingest()[FILE].load.message
