"""The vendors' own layouts land as they are: figures known in advance."""

from decimal import Decimal
from pathlib import Path

EXPORTS = Path(__file__).parent / "exports"


def _copy(land, source: str, name: str) -> str:
    land(f"{source}/{name}", (EXPORTS / name).read_bytes())
    return f"{source}/{name}"


def test_google_ads_excel_export(land, ingest, query) -> None:
    file = _copy(land, "google_ads", "google_ads_ui_excel_utf16.csv")
    load = ingest()[file].load
    assert (load.rows_in, load.rows_loaded, load.rows_skipped, load.rows_rejected) == (5, 3, 2, 0)
    assert (load.currency, load.time_zone, load.is_partial) == ("USD", "America/New_York", False)
    assert (load.checks["encoding"], load.checks["language"]) == ("utf-16-le", "en")
    assert load.checks["captured"]["date_range"] == "September 1, 2026 - September 3, 2026"
    assert Decimal(load.checks["totals"]["sums"]["Cost"]) == Decimal("1514.50")
    assert load.undeclared_columns == ("Campaign status", "CTR", "Search impr. share")
    rows = query(
        'select "Day", "Campaign", "Cost", "Conversions", _file, _line '
        "from raw_google_ads.campaign_report order by _line"
    )
    assert rows == [
        ("2026-09-01", "brand|search|us", "1,204.50", "96.00", file, 4),
        ("2026-09-02", "brand|search|us", "10.00", "1.00", file, 5),
        ("2026-09-03", "generic, search", "300.00", "--", file, 6),
    ]


def test_hubspot_contacts_from_the_ui(land, ingest, query) -> None:
    file = _copy(land, "hubspot", "hubspot_contacts_ui.csv")
    load = ingest()[file].load
    assert (load.rows_loaded, load.rows_rejected, load.time_zone) == (2, 0, "America/New_York")
    assert load.missing_optional == (
        "Phone Number", "Country/Region", "Company Name", "Loyalty ID",
        "Street Address", "City", "Postal Code",
    )  # fmt: skip
    rows = query(
        'select "First Name", "Create Date", "Phone Number", "_normal_Email", '
        '"_normal_Additional email addresses" from raw_hubspot.contacts order by _line'
    )
    assert rows == [
        ("Gaëlle", "2026-03-08 02:30", None, "g.perrin@example.test",
         "gp@old.example.test;g.p@example.test"),
        ("", "2026-03-09 14:02", None, "john@example.test", None),
    ]  # fmt: skip


def test_hubspot_email_events_from_the_api(land, ingest, query) -> None:
    file = _copy(land, "hubspot", "hubspot_email_events_api.csv")
    assert ingest()[file].load.rows_loaded == 1
    assert query('select created, type, "sentBy.id", url from raw_hubspot.email_events') == [
        ("1427997766000", "CLICK", "c4337695-9d10-4bd1-89fe-d468407f28e3",
         "https://ex.test/?utm_source=hs_email&utm_medium=email"),
    ]  # fmt: skip


def test_salesforce_bulk_export(land, ingest, query) -> None:
    file = _copy(land, "salesforce", "salesforce_bulk_campaignmember.csv")
    load = ingest()[file].load
    assert (load.rows_loaded, load.undeclared_columns) == (2, ("AccountId", "CurrencyIsoCode"))
    assert query('select "Id", "HasResponded", _load_id from raw_salesforce.campaign_members') == [
        ("00v5g00000AbCdEAAV", "false", load.load_id),
        ("00v5g00000AbCdFAAV", "true", load.load_id),
    ]
    assert load.load_id == f"00000001-{load.content_hash[:12]}"


def test_utf8_and_excel_exports_of_one_report_land_the_same(land, ingest, query) -> None:
    text = (EXPORTS / "google_ads_ui_excel_utf16.csv").read_text("utf-16")
    lines = [line.split("\t") for line in text.splitlines()]
    quoted = "\n".join(",".join(f'"{cell}"' for cell in line) for line in lines) + "\n"
    land("google_ads/a.csv", (EXPORTS / "google_ads_ui_excel_utf16.csv").read_bytes())
    land("google_ads/b.csv", b"\xef\xbb\xbf" + quoted.encode())
    assert {r.outcome for r in ingest().values()} == {"loaded"}
    names = '"Day", "Campaign", "Campaign ID", "Cost", "Impr.", "Clicks", "Conv. value", _line'
    found = {
        file: query(
            f"select {names} from raw_google_ads.campaign_report where _file = '{file}' order by 1"
        )
        for file in ("google_ads/a.csv", "google_ads/b.csv")
    }
    assert len(found["google_ads/a.csv"]) == 3
    assert found["google_ads/a.csv"] == found["google_ads/b.csv"]
