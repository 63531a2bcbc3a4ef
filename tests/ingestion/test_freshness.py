"""How old a source's last event is, by the limits of its YAML and the run's clock."""

import re
import shutil
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from ingestion import ledger
from ingestion.errors import DeclarationError
from ingestion.freshness import ages, describe, record, shown
from ingestion.ledger import Load
from ingestion.sources import read_tables
from warehouse import connection
from warehouse.connection import STORAGE, connect
from warehouse.settings import settings

AS_OF = "2026-06-30 12:00:00"
HUBSPOT = "hubspot"


def limits(source: str) -> tuple[float, float]:
    """The limits in days as the source's YAML says them, read by another reader."""
    file = settings().dbt_project / f"models/staging/{source}/_{source}__sources.yml"
    declared = yaml.safe_load(file.read_text())["sources"][0]["config"]["freshness"]
    found = (declared["warn_after"], declared["error_after"])
    assert {limit["period"] for limit in found} == {"day"}
    return float(found[0]["count"]), float(found[1]["count"])


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with every raw table, empty; tests work on copies."""
    file = tmp_path_factory.mktemp("prepared") / "warehouse.duckdb"
    with duckdb.connect(str(file), config=STORAGE) as con:
        ledger.prepare(con, read_tables())
    return file


@pytest.fixture
def landed(home: Path, prepared: Path) -> Callable[..., None]:
    """Rows of raw tables as landing would leave them: {table: (column, values)}."""

    def write(tables: dict[str, tuple[str, list[str | None]]]) -> None:
        shutil.copy(prepared, settings().warehouse)
        with connect("test set-up") as con:
            for name, (column, values) in tables.items():
                load = Load(name.split(".", maxsplit=1)[0], "x", "x", "x", "loaded", load_id=name)
                ledger.write(con, load, "r0", datetime(2030, 1, 1))
                con.executemany(
                    f'insert into raw_{name} ("{column}") values (?)', [[v] for v in values]
                )

    return write


def found(as_of: str | None = AS_OF) -> dict[str, dict[str, Any]]:
    """What is known of each source, by name."""
    with connect("test", read_only=True) as con:
        return {row["source"]: row for row in ages(con, as_of)}


def events(*times: str | None) -> dict[str, tuple[str, list[str | None]]]:
    """HubSpot form submissions, whose event column is `submitted_at`."""
    return {"hubspot.form_submissions": ("submitted_at", list(times))}


@pytest.mark.parametrize(
    ("last", "age", "status"),
    [
        ("2026-06-28T12:00:00Z", 2.0, "fresh"),
        ("2026-06-28T11:59:51Z", 2.0, "late"),
        ("2026-06-23T12:00:00Z", 7.0, "late"),
        ("2026-06-23T11:59:51Z", 7.0, "stale"),
        ("2026-06-30T14:00:00+02:00", 0.0, "fresh"),
    ],
)
def test_the_limit_itself_still_passes(landed, last: str, age: float, status: str) -> None:
    assert limits(HUBSPOT) == (2.0, 7.0)
    landed(events("2026-01-01T00:00:00Z", last, "not a time", None))
    row = found()[HUBSPOT]
    assert (round(row["age_days"], 3), row["status"]) == (age, status)
    assert (row["files"], row["warn_after_days"], row["error_after_days"]) == (1, 2.0, 7.0)


def test_a_source_is_as_fresh_as_its_newest_table(landed) -> None:
    landed(
        events("2026-01-01T00:00:00Z") | {"hubspot.email_events": ("created", ["1782820800000"])}
    )
    assert found()[HUBSPOT]["last_event_at"] == datetime(2026, 6, 30, 12)
    assert found()[HUBSPOT]["files"] == 2


def test_a_source_without_a_landed_file_is_absent_not_stale(landed, query) -> None:
    landed(events("2026-06-30T00:00:00Z"))
    absent = {source for source, row in found().items() if row["status"] == "absent"}
    assert absent == {t.source for t in read_tables()} - {HUBSPOT}
    with connect("test") as con:
        con.execute("update state.loads set status = 'refused'")
    assert found()[HUBSPOT]["status"] == "absent", "a refused file has not landed"


def test_the_clock_is_the_runs_not_the_walls(landed) -> None:
    landed(events("2026-06-30T00:00:00Z"))
    assert found("2026-06-30 12:00:00")[HUBSPOT]["status"] == "fresh"
    assert found("2031-06-30 12:00:00")[HUBSPOT]["status"] == "stale"
    nothing = found(None)[HUBSPOT]
    assert (nothing["age_days"], nothing["status"]) == (None, "unknown")


def test_an_event_after_the_clock_hides_no_silence(landed) -> None:
    landed(events("2099-01-01T00:00:00Z", "2026-06-01T00:00:00Z"))
    row = found()[HUBSPOT]
    assert (row["last_event_at"], row["status"]) == (datetime(2026, 6, 1), "stale")


def test_files_whose_times_cannot_be_read_are_unknown(landed) -> None:
    landed(events("soon", None, "2099-01-01T00:00:00Z"))
    row = found()[HUBSPOT]
    assert (row["last_event_at"], row["status"]) == (None, "unknown")
    assert "event_formats" in describe(row)
    assert shown(row) == ("", "", "unknown")
    assert shown(None) == ("", "", "")


# Each vendor's own way of writing the event, as in docs/sources; the same moment for all.
WRITTEN = {
    "linkedin_ads.campaign_report": ("Start Date (in UTC)", "6/28/2026"),
    "microsoft_ads.campaign_report": ("TimePeriod", "6/28/2026"),
    "webinars.zoom_attendees": ("Join Time", "06/28/2026 10:45:00 AM"),
    "webinars.zoom_registrants": ("Registration Time", "Jun 28, 2026 10:45:00"),
    "salesforce.lead_report": ("Create Date", "06/28/2026"),
    "marketo.programs": ("updated_at", "2026-06-28T22:45:13Z+0000"),
    "marketo.activities": ("activityDate", "2026-06-28T22:45:13Z"),
    "meta_ads.ads_report": ("Reporting starts", "2026-06-28"),
    "google_ads.campaign_report": ("Day", "2026-06-28"),
    "hubspot.contacts": ("Create Date", "2026-06-28 02:30"),
    "billing.customers": ("Created (UTC)", "2026-06-28 10:00"),
}


def test_every_vendors_way_of_writing_a_time_is_read(landed) -> None:
    declared = {t.full_name: t.event_column for t in read_tables()}
    assert {name: declared.get(name) for name in WRITTEN} == {k: v[0] for k, v in WRITTEN.items()}
    for name, (column, text) in WRITTEN.items():
        landed({name: (column, [text])})
        last = found()[name.split(".")[0]]["last_event_at"]
        assert last is not None and last.date() == date(2026, 6, 28), name


def test_recording_again_replaces_and_the_same_writes_nothing(
    landed, monkeypatch: pytest.MonkeyPatch
) -> None:
    landed(events("2026-06-20T00:00:00Z"))
    commits: list[None] = []
    real = connection.commit
    monkeypatch.setattr(connection, "commit", lambda con: (commits.append(None), real(con)))
    with connect("test") as con:
        for as_of in ("2026-06-21 00:00:00", AS_OF, AS_OF):
            record(con, as_of)
        rows = con.execute(
            "select source, status, as_of from state.source_freshness where status != 'absent'"
        ).fetchall()
        count = con.execute("select count(*) from state.source_freshness").fetchall()
    assert rows == [(HUBSPOT, "stale", datetime(2026, 6, 30, 12))]
    assert count == [(len({t.source for t in read_tables()}),)]
    assert len(commits) == 2


SOURCE = """
sources:
  - name: crm
    schema: raw_crm
    config: {freshness: FRESHNESS}
    tables:
      - name: people
        config:
          FOR_TABLE
          meta:
            file_pattern: ["crm/*.csv"]
            dialect: {format: csv}
            load: append
            key: [id]
            event_column: id
        columns:
          - {name: id, description: Id., config: {meta: {pii: none, purposes: []}}}
"""


def declare(tmp_path: Path, freshness: str, for_table: str = "") -> Any:
    """The freshness of a source declared so."""
    file = tmp_path / "crm" / "_crm__sources.yml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(SOURCE.replace("FRESHNESS", freshness).replace("FOR_TABLE", for_table))
    (table,) = read_tables(tmp_path)
    return table.freshness


def test_limits_are_read_as_dbt_writes_them(tmp_path: Path) -> None:
    both = "{warn_after: {count: 90, period: minute}, error_after: {count: 36, period: hour}}"
    found = declare(tmp_path, both)
    assert (found.warn_after.days, found.error_after.days) == (0.0625, 1.5)
    assert declare(tmp_path, "{warn_after: {count: 1, period: day}}").error_after is None
    assert declare(tmp_path, "null").warn_after is None


@pytest.mark.parametrize(
    ("freshness", "says"),
    [
        ("{warn_after: {count: 2, period: week}}", "period"),
        ("{warn_after: {count: 0, period: day}}", "greater than 0"),
        ("{warn_later: {count: 1, period: day}}", "warn_later"),
        ("{warn_after: {count: 2, period: day}, error_after: {count: 47, period: hour}}",
         "warn_after to come before error_after"),
    ],
)  # fmt: skip
def test_limits_that_cannot_be_used_are_refused(tmp_path: Path, freshness: str, says: str) -> None:
    with pytest.raises(DeclarationError, match=re.escape(says)) as refused:
        declare(tmp_path, freshness)
    assert "table people" in str(refused.value)


def test_limits_of_one_table_are_refused_rather_than_ignored(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="in the config of the source"):
        declare(tmp_path, "null", "freshness: {warn_after: {count: 1, period: day}}")


def test_without_limits_a_source_is_not_judged() -> None:
    from ingestion.freshness import judged

    with duckdb.connect() as con:
        rows = con.execute(
            judged(
                "(values ('crm', 1, timestamp '2020-01-01', null, null)) as t(source, files, "
                "last_event_at, warn_after_days, error_after_days)",
                f"timestamp '{AS_OF}'",
            )
        ).fetchall()
    assert rows[0][0] == "crm" and "not judged" in rows[0]
