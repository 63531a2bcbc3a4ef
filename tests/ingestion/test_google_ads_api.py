"""Google Ads results of the API: other names, another table, the same money as the UI's report."""

from decimal import Decimal
from pathlib import Path

import pytest

from ingestion.sources import match_file, read_tables

EXPORTS = Path(__file__).parent / "exports"
EXPORT = (EXPORTS / "google_ads_api_micros.csv").read_bytes()
FILE = "google_ads/api/days.csv"


def test_an_api_result_lands_as_it_is(land, ingest, query) -> None:
    land(FILE, EXPORT)
    load = ingest()[FILE].load
    assert (load.object, load.rows_in, load.rows_loaded, load.rows_skipped, load.rows_rejected) == (
        "campaign_report_api", 3, 3, 0, 0,
    )  # fmt: skip
    assert (load.currency, load.undeclared_columns) == ("USD", ("customer_id",))
    assert load.missing_optional == ("customer.time_zone",)
    rows = query(
        "select * exclude (_file, _load_id, _loaded_at) "
        "from raw_google_ads.campaign_report_api order by _line"
    )
    assert rows == [
        ("2026-09-01", "21456789012", "brand|search|us", "USD", None, "1204500000", "48210",
         "1930", "96.0", "9120.0", 2),
        ("2026-09-02", "21456789012", "brand|search|us", "USD", None, "10000000", "100", "10",
         "1.0", "50.0", 3),
        ("2026-09-03", "21456789013", "generic, search", "USD", None, "300000000", "9000", "300",
         "0.0", "0.0", 4),
    ]  # fmt: skip
    assert sum(Decimal(row[5]) for row in rows) == Decimal("1514.50") * 1_000_000


@pytest.mark.parametrize(
    ("file", "table"),
    [
        ("google_ads/api/days.csv", "campaign_report_api"),
        ("google_ads/API/2026/days.csv", "campaign_report_api"),
        ("google_ads/api_report.csv", "campaign_report"),
        ("google_ads/2026/report.csv", "campaign_report"),
        ("google_ads/api/report.tsv", "campaign_report"),
    ],
)
def test_the_pattern_that_names_more_folders_counts(file: str, table: str) -> None:
    found = match_file(read_tables(), file).table
    assert found is not None
    assert found.full_name == f"google_ads.{table}"


def test_a_report_of_the_ui_among_the_api_results_is_refused(land, ingest) -> None:
    land(FILE, (EXPORTS / "google_ads_ui_excel_utf16.csv").read_bytes())
    land("google_ads/api/names.csv", EXPORT.replace(b"metrics.cost_micros", b"cost_micros"))
    found = ingest()
    assert {r.outcome for r in found.values()} == {"refused"}
    assert "declared as utf-8" in found[FILE].load.message
    missing = found["google_ads/api/names.csv"].load.message
    assert "missing declared column metrics.cost_micros" in missing
