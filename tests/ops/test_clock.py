"""What "now" means to a run."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ops.clock import ClockError, as_of, latest_event, of_command
from warehouse.connection import connect
from warehouse.settings import settings

LOGICAL = "2026-07-01T02:00:00+02:00"
AT_LOGICAL = "2026-07-01 00:00:00"
LANDED = {
    "raw_web_events.events": ("timestamp varchar", [
        {"timestamp": "2026-06-29T23:00:00.000Z"}, {"timestamp": "not a time"}, {"timestamp": None},
    ]),
    "raw_hubspot.email_events": ('"created" varchar', [
        {"created": "1782820800000"},
        {"created": "99999999999999999"},
    ]),
    "raw_google_ads.campaign_report": ('"Day" varchar', [{"Day": "2026-06-28"}]),
    "raw_web_events.ga4_events": ("event_timestamp varchar", [
        {"event_timestamp": "1782734400000001"}, {"event_timestamp": "9999999999999999"},
    ]),
    "raw_elsewhere.later": ("timestamp varchar", [{"timestamp": "2027-01-01T00:00:00Z"}]),
}  # fmt: skip
LATEST = "2026-06-30 12:00:00"
"""1782820800000 ms, the latest of the declared tables."""


@pytest.fixture
def landed(home: Path, warehouse_with: Callable[..., None]) -> None:
    warehouse_with(LANDED)


def now(logical: str = LOGICAL) -> str:
    with connect("test") as con:
        return as_of(con, logical)


@pytest.mark.usefixtures("landed")
def test_a_deployment_works_as_of_its_logical_date() -> None:
    assert now() == AT_LOGICAL


@pytest.mark.usefixtures("landed")
@pytest.mark.parametrize(
    ("fixed", "expected"),
    [
        ("2026-06-30T00:00:00", "2026-06-30 00:00:00"),
        ("2026-06-30", "2026-06-30 00:00:00"),
        ("2026-06-30T01:30:00+02:00", "2026-06-29 23:30:00"),
        ("2026-06-30T01:30:00Z", "2026-06-30 01:30:00"),
        ("latest_event", LATEST),
    ],
)
@pytest.mark.parametrize("is_sample", [False, True])
def test_the_setting_fixes_the_clock(
    monkeypatch: pytest.MonkeyPatch, fixed: str, expected: str, is_sample: bool
) -> None:
    if is_sample:
        settings().sample_marker.write_text("sample")
    monkeypatch.setenv("ONEFOLD_AS_OF", fixed)
    assert now() == expected


@pytest.mark.usefixtures("landed")
def test_a_home_of_the_sample_works_as_of_its_latest_event() -> None:
    settings().sample_marker.write_text("sample")
    assert now() == LATEST


@pytest.mark.parametrize("table", list(LANDED)[:4])
def test_iso_times_epochs_and_dates_are_understood(
    home: Path, warehouse_with: Callable[..., None], table: str
) -> None:
    warehouse_with({table: LANDED[table]})
    with connect("test") as con:
        found = latest_event(con)
    expected = {
        "raw_web_events.events": "2026-06-29 23:00:00",
        "raw_hubspot.email_events": LATEST,
        "raw_google_ads.campaign_report": "2026-06-28 00:00:00",
        "raw_web_events.ga4_events": "2026-06-29 12:00:00.000001",
    }
    assert str(found) == expected[table]


@pytest.mark.parametrize(
    "tables",
    [
        {},
        {"raw_web_events.events": ("timestamp varchar", [])},
        {"raw_web_events.events": ("timestamp varchar", [{"timestamp": "soon"}])},
    ],
)
def test_without_any_event_the_logical_date_counts(
    home: Path,
    warehouse_with: Callable[..., None],
    monkeypatch: pytest.MonkeyPatch,
    tables: dict[str, Any],
) -> None:
    warehouse_with(tables)
    monkeypatch.setenv("ONEFOLD_AS_OF", "latest_event")
    assert now() == AT_LOGICAL


@pytest.mark.parametrize("value", ["yesterday", "2026-13-01", "30.06.2026", "latest"])
def test_a_bad_value_says_what_was_expected(
    home: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("ONEFOLD_AS_OF", value)
    with pytest.raises(ClockError) as raised:
        now()
    assert "latest_event" in str(raised.value)
    assert f"got '{value}'" in str(raised.value)
    assert "ONEFOLD_AS_OF" in str(raised.value).split("; correct ")[1]


def test_a_moment_is_what_dbt_reads_as_a_timestamp(home: Path) -> None:
    with duckdb.connect() as con:
        con.execute("set timezone = 'America/New_York'")
        row = con.execute(f"select timestamp '{as_of(con, LOGICAL)}'::varchar").fetchone()
    assert row == (AT_LOGICAL,)


@pytest.mark.usefixtures("landed")
@pytest.mark.parametrize(
    ("given", "setting", "expected"),
    [
        ("2026-06-01", "2026-06-02", "2026-06-01 00:00:00"),
        ("", "2026-06-02", "2026-06-02 00:00:00"),
        ("latest_event", "2026-06-02", LATEST),
        ("", "latest_event", LATEST),
        ("", "", "2026-06-03 00:00:00"),
    ],
)
def test_a_command_works_as_of_what_it_is_told_or_the_last_run(
    monkeypatch: pytest.MonkeyPatch,
    warehouse_with: Callable[..., None],
    given: str,
    setting: str,
    expected: str,
) -> None:
    runs = [
        {"as_of": "2026-06-04", "finished_at": "2026-06-05"},
        {"as_of": "2026-06-03", "finished_at": "2026-06-06"},
        {"finished_at": "2026-06-07"},
    ]
    warehouse_with({"state.runs": ("as_of timestamp, finished_at timestamp", runs)})
    monkeypatch.setenv("ONEFOLD_AS_OF", setting)
    assert of_command(given) == expected


@pytest.mark.usefixtures("landed")
def test_a_command_without_a_clock_says_what_to_do() -> None:
    with pytest.raises(ClockError, match=r"earlier run .* --as-of"):
        of_command()
