"""`onefold ingest`, as people and programs call it."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from ingestion.commands import register

EXPORTS = Path(__file__).parent / "exports"
GOOGLE = EXPORTS / "google_ads_ui_excel_utf16.csv"
EVENTS = "hubspot/email_events.csv"


def run(*arguments: str) -> Result:
    app = typer.Typer()
    register(app)
    app.command("other")(lambda: None)  # with one command only, Typer would drop its name
    return CliRunner().invoke(app, ["ingest", *arguments])


def as_json(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json").stdout)


def test_one_path_for_a_machine(home: Path) -> None:
    found = as_json(str(GOOGLE), "--source", "google_ads", "--object", "campaign_report")
    assert {k: found[k] for k in ("status", "rows", "rejected", "skipped", "rows_in")} == {
        "status": "loaded", "rows": 3, "rejected": 0, "skipped": 2, "rows_in": 5,
    }  # fmt: skip
    assert (found["currency"], found["time_zone"], found["is_partial"]) == (
        "USD", "America/New_York", False,
    )  # fmt: skip
    assert found["checks"]["totals"]["sums"]["Cost"] == "1514.5"
    assert found["file"] == f"google_ads/{GOOGLE.name}"
    again = as_json(str(GOOGLE), "--source", "google_ads", "--object", "campaign_report")
    assert (again["status"], again["rows"]) == ("already_loaded", 3)


def test_a_path_in_the_landing_folder_finds_its_table(land) -> None:
    path = land(f"google_ads/{GOOGLE.name}", GOOGLE.read_bytes())
    assert as_json(str(path))["object"] == "campaign_report"


def test_the_whole_landing_folder(land, events) -> None:
    land(EVENTS, events(4) + "broken\n")
    land(f"google_ads/{GOOGLE.name}", GOOGLE.read_bytes())
    result = run()
    assert result.exit_code == 1
    assert EVENTS in result.stdout
    assert "1 line rejected, the first on line 6" in result.output
    found = as_json()
    assert (found["rows"], [f["status"] for f in found["files"]]) == (0, ["already_loaded"] * 2)
    assert run().exit_code == 0


def test_a_dry_run_leaves_no_trace(land, events, home: Path) -> None:
    path = land(EVENTS, events(4))
    assert as_json("--dry-run")["rows"] == 4
    assert as_json(str(path), "--dry-run")["status"] == "checked"
    assert not (home / "warehouse.duckdb").exists()


def test_status_and_retry(land, events) -> None:
    path = land(EVENTS, events(4)[:-20])
    land("hubspot/more_email_events.csv", events(2))
    assert run().exit_code == 1
    status = run("status")
    assert status.exit_code == 1
    assert "truncated" in status.stdout
    assert {row["status"] for row in as_json("status")} == {"loaded", "refused"}
    path.write_text(events(4))
    retried = as_json("retry")
    assert [(f["file"], f["status"], f["rows"]) for f in retried["files"]] == [
        (EVENTS, "loaded", 4)
    ]
    assert run("status").exit_code == 0
    assert as_json("retry")["files"] == []


def test_status_shows_how_fresh_each_source_is(
    land, events, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    land(EVENTS, events(2))  # of 2015-04-02
    run()
    without = run("status").stdout
    assert "No run yet, so no clock to tell ages by." in without
    monkeypatch.setenv("ONEFOLD_AS_OF", "2015-04-05T18:02:46")
    line = next(x for x in run("status").stdout.splitlines() if x.startswith("  hubspot  "))
    assert line.split() == ["hubspot", "2015-04-02", "3.0", "d", "late", "2", "d", "7", "d"]
    monkeypatch.setenv("ONEFOLD_AS_OF", "2015-05-02T18:02:46")
    said = run("status").stdout
    assert "Ages as of 2015-05-02 18:02:46." in said
    assert "hubspot is stale: its last event is of 2015-04-02, 30.0 days before" in said
    assert "No file ever landed: billing, consent," in " ".join(said.split())
    ((row),) = as_json("status")
    assert (row["freshness"]["status"], row["freshness"]["age_days"]) == ("stale", 30.0)
    monkeypatch.setenv("ONEFOLD_AS_OF", "someday")
    assert run("status").exit_code == 1
    assert "someday" in str(run("status").exception)


def test_one_load_is_retried_by_its_id_or_its_file(land, events) -> None:
    more = "hubspot/more_email_events.csv"
    paths = {name: land(name, events(4)[:-20]) for name in (EVENTS, more)}
    land("hubspot/third_email_events.csv", events(2))
    run()
    refused = {r["file"]: r["load_id"] for r in as_json("status") if r["status"] == "refused"}
    for path in paths.values():
        path.write_text(events(4) + "\n" * (path == paths[more]))
    assert [f["file"] for f in as_json("retry", refused[more])["files"]] == [more]
    assert [f["file"] for f in as_json("retry", EVENTS)["files"]] == [EVENTS]
    again = run("retry", more)
    assert again.exit_code == 2
    assert "nothing to retry" in " ".join(again.stderr.replace("│", " ").split())
    assert run("retry", "nonsense").exit_code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ("missing.csv",),
        (str(GOOGLE), "--object", "campaign_report"),
        (str(GOOGLE),),
        ("--source", "hubspot"),
        ("--nonsense",),
    ],
)
def test_bad_usage_ends_with_2(home: Path, arguments: tuple[str, ...]) -> None:
    assert run(*arguments).exit_code == 2


def test_a_refused_path_ends_with_1_and_says_why(tmp_path: Path, home: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"")
    result = run(str(path), "--source", "hubspot", "--object", "contacts", "--json")
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert (found["status"], found["rows"]) == ("refused", 0)
    assert "empty" in found["message"]
