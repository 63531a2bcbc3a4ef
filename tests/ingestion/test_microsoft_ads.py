"""Microsoft Advertising reports: what the lines around the table say is acted upon."""

from decimal import Decimal
from pathlib import Path

import pytest

NAME = "microsoft_ads_campaign_performance.csv"
EXPORT = (Path(__file__).parent / "exports" / NAME).read_bytes()
FILE = f"microsoft_ads/{NAME}"
PACIFIC = "(GMT-08:00) Pacific Time (US & Canada); Tijuana"
BRAND, GENERIC = ("340012345", "brand, search"), ("340012346", "generic")


def test_a_report_lands_as_it_is_and_its_zone_with_it(land, ingest, query) -> None:
    land(FILE, EXPORT)
    load = ingest()[FILE].load
    # Skipped: the blank line and the footer.
    assert (load.object, load.rows_in, load.rows_loaded, load.rows_skipped, load.rows_rejected) == (
        "campaign_report", 6, 4, 2, 0,
    )  # fmt: skip
    assert (load.currency, load.time_zone, load.is_partial) == ("USD", PACIFIC, True)
    assert load.checks["header_line"] == 11
    assert load.checks["captured"] == {
        "report_name": "Campaigns by day", "report_time": "9/1/2026,9/2/2026",
        "time_zone": PACIFIC, "completed_at": "9/2/2026 10:15:00 PM (GMT)",
        "aggregation": "Daily", "is_partial": "true", "rows": "4",
    }  # fmt: skip
    assert load.undeclared_columns == ("DeviceType", "Ctr")
    rows = query(
        "select * exclude (_file, _load_id, _loaded_at) "
        "from raw_microsoft_ads.campaign_report order by _line"
    )
    assert rows == [
        (day, PACIFIC, "Daily", "true", "Acme", *campaign, "USD", *figures)
        for day, campaign, *figures in [
            ("2026-09-01", BRAND, "4000", "120", "210.40", "3", "2.50", "1,250.00", 12),
            ("2026-09-01", BRAND, "900", "30", "19.60", "0", "0.25", "0.00", 13),
            ("2026-09-02", BRAND, "100", "2", "5.00", "0", "0.00", "", 14),
            ("2026-09-02", GENERIC, "50", "0", "0.00", "0", "0.00", "", 15),
        ]
    ]
    assert sum(Decimal(row[10]) for row in rows) == Decimal("235.00")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        (b"Rows: 4", b"Rows: 5", "says it holds 5 rows, but 4 were found"),
        (b"Aggregation: Daily", b"Aggregation: Weekly", "says its aggregation neither in"),
        (b'"Time Zone: ', b'"Zone: ', "says its time_zone neither in"),
        (b'"CampaignId"', b'"Campaign"', "missing declared column CampaignId"),
    ],
)
def test_a_cut_report_or_one_that_is_not_by_day_is_refused(
    land, ingest, old: bytes, new: bytes, reason: str
) -> None:
    assert EXPORT.count(old) == 1
    land(FILE, EXPORT.replace(old, new))
    found = ingest()[FILE]
    assert found.outcome == "refused"
    assert reason in found.load.message


def test_the_older_name_of_the_day_and_footer_are_known(land, ingest, query) -> None:
    text = EXPORT.decode("utf-8-sig").replace('"TimePeriod"', '"GregorianDate"')
    text = text.replace("@2026", "©2026").replace("Data: true", "Data: false")
    land("microsoft_ads/old.csv", text)
    load = ingest()["microsoft_ads/old.csv"].load
    assert (load.rows_loaded, load.rows_skipped, load.is_partial) == (4, 2, False)
    assert load.checks["renamed_columns"] == {"GregorianDate": "TimePeriod"}
    said = query(
        'select distinct "Potential Incomplete Data" from raw_microsoft_ads.campaign_report'
    )
    assert said == [("false",)]
