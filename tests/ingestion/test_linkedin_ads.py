"""Campaign Manager reports: lines above the header, UTF-16, the zone in a header."""

from decimal import Decimal
from pathlib import Path

import pytest

EXPORT = (Path(__file__).parent / "exports" / "linkedin_campaign_manager_utf16.csv").read_bytes()
TEXT = EXPORT.decode("utf-16")
FILE = "linkedin_ads/campaign_performance_report.csv"
ROWS = """select * exclude (_file, _load_id, _loaded_at)
from raw_linkedin_ads.campaign_report where _file = '{}' order by _line"""
GROUP, LEADS, BRAND = (
    ("Q3 Demand", "600268686"),
    ("Leads, EMEA", "312345678"),
    ("Brand", "312345679"),
)
LANDED = [
    ("9/1/2026", "UTC", "Acme", "USD", *GROUP, *LEADS, "Sponsored Content", "1,234.50", "10,000",
     "200", "150", "3", "300.00", "2", 7),
    ("9/1/2026", "UTC", "Acme", "USD", *GROUP, *BRAND, "Sponsored Content", "10.25", "500",
     "4", "2", "0", "0.00", "-", 8),
    ("9/2/2026", "UTC", "Acme", "USD", *GROUP, *LEADS, "Sponsored Content", "100.00", "2,000",
     "40", "30", "1", "100.00", "1", 9),
]  # fmt: skip


def _as_commas(text: str) -> str:
    above, header, *rows = text.replace("\r\n", "\n").partition("Start Date")
    table = (header + "".join(rows)).rstrip("\n").split("\n")
    quoted = [",".join(f'"{cell}"' for cell in line.split("\t")) for line in table]
    return above + "\n".join(quoted) + "\n"


def test_a_report_lands_as_it_is_and_its_zone_with_it(land, ingest, query) -> None:
    land(FILE, EXPORT)
    load = ingest()[FILE].load
    assert (load.object, load.rows_in, load.rows_loaded, load.rows_skipped, load.rows_rejected) == (
        "campaign_report", 3, 3, 0, 0,
    )  # fmt: skip
    assert (load.currency, load.time_zone, load.is_partial) == ("USD", "UTC", False)
    assert (load.checks["encoding"], load.checks["header_line"]) == ("utf-16-le", 6)
    assert load.checks["captured"] == {
        "report_name": "Campaign Performance Report", "time_zone": "UTC",
        "report_start": "09/01/2026", "report_end": "09/02/2026",
        "generated_at": "September 3, 2026, 4:05 AM",
    }  # fmt: skip
    assert load.undeclared_columns == ("Campaign Status",)
    rows = query(ROWS.format(FILE))
    assert rows == LANDED
    assert sum(Decimal(row[9].replace(",", "")) for row in rows) == Decimal("1344.75")
    assert sum(int(row[11]) for row in rows) == 244


def test_a_copy_in_utf8_with_commas_lands_the_same(land, ingest, query) -> None:
    land("linkedin_ads/copy.csv", _as_commas(TEXT))
    load = ingest()["linkedin_ads/copy.csv"].load
    assert (load.rows_loaded, load.checks["encoding"], load.time_zone) == (3, "utf-8", "UTC")
    assert query(ROWS.format("linkedin_ads/copy.csv")) == LANDED


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("Report (in UTC)", "Report (in PST)", "says time_zone PST and UTC"),
        ("Campaign Group ID\t", "Ad Set ID\t", "missing declared column Campaign Group ID"),
        ("Total Spent", "Total Cost", "missing declared column Total Spent"),
    ],
)
def test_two_zones_or_a_renamed_id_are_refused(
    land, ingest, old: str, new: str, reason: str
) -> None:
    assert TEXT.count(old) == 1
    land(FILE, TEXT.replace(old, new).encode("utf-16"))
    found = ingest()[FILE]
    assert found.outcome == "refused"
    assert reason in found.load.message
