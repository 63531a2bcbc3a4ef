"""A folder of the path may name a day; the patterns of the source YAML do not see it."""

from datetime import date
from pathlib import Path

import pytest

from ingestion.arrivals import ingest_all
from ingestion.landing import ingest_landing
from ingestion.partitions import place
from ingestion.sources import match_file, read_tables

DAY = date(2026, 5, 3)
EVENTS = "email_events.csv"


@pytest.mark.parametrize(
    ("file", "rest", "day"),
    [
        ("hubspot/2026-05-03/email_events.csv", "hubspot/email_events.csv", DAY),
        ("hubspot/dt=2026-05-03/email_events.csv", "hubspot/email_events.csv", DAY),
        ("hubspot/DATE=2026-05-03/email_events.csv", "hubspot/email_events.csv", DAY),
        ("2026-05-03/hubspot/email_events.csv", "hubspot/email_events.csv", DAY),
        ("google_ads/dt=2026-05-03/api/report.csv", "google_ads/api/report.csv", DAY),
        ("hubspot/dt=2026-05-03/2026-05-03/a.csv", "hubspot/a.csv", DAY),
        ("hubspot/email_events.csv", "hubspot/email_events.csv", None),
        ("costs/2026-05-03.csv", "costs/2026-05-03.csv", None),
        ("2026-05-03", "2026-05-03", None),
        ("hubspot/2026-05-03-full/a.csv", "hubspot/2026-05-03-full/a.csv", None),
    ],
)
def test_the_day_is_a_folder_of_the_path(file: str, rest: str, day: date | None) -> None:
    assert place(file) == (rest, day, "")


@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("hubspot/2026-02-30/email_events.csv", "2026-02-30 is no day: expected one such as"),
        ("hubspot/dt=today/email_events.csv", "dt=today is no day"),
        ("hubspot/dt=/email_events.csv", "dt= is no day"),
        ("2026-05-03/hubspot/dt=2026-05-04/a.csv", "several days (2026-05-03, dt=2026-05-04)"),
    ],
)
def test_a_day_that_cannot_be_used_refuses_the_file(file: str, says: str) -> None:
    assert place(file).day is None
    found = match_file(read_tables(), file)
    assert found.table is None
    assert says in found.problem


@pytest.mark.parametrize("day", ["2026-05-03", "dt=2026-05-03", "date=2026-05-03"])
@pytest.mark.parametrize(
    ("file", "table"),
    [
        ("salesforce/{}/Lead.csv", "salesforce.leads"),
        ("hubspot/{}/contacts.csv", "hubspot.contacts"),
        ("google_ads/{}/api/campaign_report.csv", "google_ads.campaign_report_api"),
        ("google_ads/{}/campaign_report.csv.gz", "google_ads.campaign_report"),
    ],
)
def test_the_patterns_see_the_path_without_its_day(file: str, table: str, day: str) -> None:
    with_day = match_file(read_tables(), file.format(day)).table
    without = match_file(read_tables(), file.replace("{}/", "")).table
    assert with_day is not None
    assert with_day == without
    assert with_day.full_name == table


def test_a_run_for_a_day_lands_its_files_once_and_no_others(land, events, query) -> None:
    land(f"hubspot/2026-05-02/{EVENTS}", events(2))
    land(f"hubspot/dt=2026-05-03/{EVENTS}", events(3))
    land(f"hubspot/2026-05-03/broken_{EVENTS}", "nothing\n")
    land(f"hubspot/2026-02-30/{EVENTS}", events(4))
    land(f"hubspot/{EVENTS}", events(5))
    first = ingest_landing("r1", day=DAY)
    assert (first.rows_loaded, len(first.refused)) == (3, 1)
    assert ingest_landing("r2", day=DAY).rows_loaded == 0
    assert query("select file, rows_loaded from state.loads where status = 'loaded'") == [
        (f"hubspot/dt=2026-05-03/{EVENTS}", 3)
    ]
    everything = ingest_landing("r3")
    assert everything.rows_loaded == 2 + 5
    assert len(everything.refused) == 2, "a day that is none belongs to the daily run"
    assert ingest_landing("r4", day=date(2026, 5, 4)).sources == ()


def test_a_run_for_a_day_fetches_no_other_day_from_an_inbox(
    home: Path, tmp_path_factory: pytest.TempPathFactory, events, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox = tmp_path_factory.mktemp("inbox")
    for day, rows in (("2026-05-02", 2), ("dt=2026-05-03", 3), ("", 4)):
        path = inbox / "hubspot" / day / EVENTS
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(events(rows))
    monkeypatch.setenv("ONEFOLD_INBOX", inbox.as_uri())
    monkeypatch.setenv("ONEFOLD_PULLS", "no_such_module:pull")
    assert ingest_all("r1", day=DAY).rows_loaded == 3
    there = [f.relative_to(home / "landing") for f in (home / "landing").rglob("*.csv")]
    assert there == [Path(f"hubspot/dt=2026-05-03/{EVENTS}")]
    monkeypatch.setenv("ONEFOLD_PULLS", "")
    assert ingest_all("r2").rows_loaded == 2 + 4


def test_an_unrecognised_file_of_a_day_is_counted_under_its_source(land, query) -> None:
    land("2026-05-03/hubspot/whatever.bin", "x")
    ingest_landing("r1", day=DAY)
    assert query("select source, file, status from state.loads") == [
        ("hubspot", "2026-05-03/hubspot/whatever.bin", "refused")
    ]


def test_a_file_taken_out_of_its_day_is_a_duplicate(land, events, query, home: Path) -> None:
    path = land(f"hubspot/2026-05-03/{EVENTS}", events(3))
    ingest_landing("r1", day=DAY)
    path.rename(path.parent.parent / EVENTS)
    assert ingest_landing("r2").rows_loaded == 0
    assert query("select count(*) from raw_hubspot.email_events") == [(3,)]
