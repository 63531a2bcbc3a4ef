"""Backfill by Airflow's own backfill over partitions; freshness shown and gated; failed loads alert
through a notifier; schedules are configuration; files arriving start the run as well as the clock.

Airflow's scheduler, triggerer and command line are the real ones; see airflow_here.py.
"""

import json
import os
import select
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import duckdb
import pytest

HEADER = "id,created,type,recipient,emailCampaignId,portalId,appId,sentBy.id,sentBy.created,url"
PERSON = "canary.person@secret-mailbox.example"
PATIENCE_SECONDS = 120
Covered = Callable[[str], None]


def export(*ids: str) -> str:
    """A HubSpot e-mail events export."""
    rows = [f"{i},1777800000000,CLICK,{PERSON},1,2,3,,,https://x.test/" for i in ids]
    return "\n".join([HEADER, *rows]) + "\n"


FILES = {
    "hubspot/2026-05-01/email_events.csv": export("a1"),
    "hubspot/dt=2026-05-02/email_events.csv": export("b1", "b2"),
    "hubspot/date=2026-05-03/email_events.csv": export("c1", "c2", "c3"),
    "hubspot/2026-05-03/cut_email_events.csv": f"{PERSON},no header\n",
    "hubspot/2026-05-04/email_events.csv": export("d1"),
    "hubspot/email_events.csv": export("e1"),
}


class Airflow:
    """A deployment's scheduler in a process of its own, asked by JSON lines."""

    def __init__(self, home: Path, **settings: str) -> None:
        env = {k: v for k, v in os.environ.items() if not k.startswith(("ONEFOLD_", "AIRFLOW_"))}
        env |= {"ONEFOLD_HOME": str(home), "RUN": "land_day.land,cdp_daily.ingest", **settings}
        self.home = home
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("airflow_here.py"))],
            env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.answer()

    def answer(self) -> Any:
        """The next answer."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        log = self.home / "airflow" / "here.log"
        assert line, log.read_text(errors="replace")[-3000:] if log.exists() else "did not start"
        return json.loads(line)

    def ask(self, what: str, value: Any = None) -> Any:
        """Send one command and wait for its answer."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({what: value}) + "\n")
        self.process.stdin.flush()
        return self.answer()

    def backfill(self, dag: str, first: str, last: str, *more: str) -> str | None:
        """Airflow's own backfill, run to its end; what it refused."""
        said: str | None = self.ask(
            "airflow",
            ["backfill", "create", "--dag-id", dag, "--from-date", first, "--to-date", last, *more],
        )
        self.ask("schedule")
        return said

    def runs(self, dag: str) -> list[list[str | None]]:
        """(type, state, partition) of each run, oldest first."""
        found: list[list[str | None]] = self.ask(
            "rows",
            "select run_type, state, partition_key from dag_run "
            f"where dag_id = '{dag}' order by id",
        )
        return found

    def close(self) -> None:
        """End the process and those it started."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


class Hook(BaseHTTPRequestHandler):
    """A chat's webhook: keeps what it is told."""

    posts: list[tuple[str, str | None, dict[str, Any]]]

    def do_POST(self) -> None:
        """Take a message."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.posts.append((self.path, self.headers["Authorization"], json.loads(body)))
        self.send_response(200)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def hook() -> Iterator[ThreadingHTTPServer]:
    handler = type("Kept", (Hook,), {"posts": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def airflow(
    tmp_path_factory: pytest.TempPathFactory, hook: ThreadingHTTPServer
) -> Iterator[Airflow]:
    home = tmp_path_factory.mktemp("scheduling")
    for name, text in FILES.items():
        land(home, name, text)
    host = f"http://127.0.0.1:{hook.server_port}/services/T0"
    airflow = Airflow(home, ONEFOLD_SCHEDULE="none", ONEFOLD_READY_POLL_SECONDS="0.2")
    where = ["--conn-type", "http", "--conn-host", host, "--conn-password", "token"]
    airflow.ask("airflow", ["connections", "add", "onefold_alerts", *where])
    # The main job waits for its marker from the start: the triggerer warms up beside the backfills.
    airflow.ask("airflow", ["dags", "unpause", "cdp_daily", "--yes"])
    airflow.ask("sync", {})
    airflow.ask("triggerer", True)
    yield airflow
    airflow.close()


def land(home: Path, name: str, text: str = "") -> None:
    """Put a file into the landing folder."""
    path = home / "landing" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def loads(home: Path) -> dict[str, tuple[str, int]]:
    """(status, rows) of each file in the ledger."""
    with duckdb.connect(str(home / "warehouse.duckdb")) as con:
        found = con.execute("select file, status, rows_loaded from state.loads").fetchall()
    return {file: (status, rows) for file, status, rows in found}


def test_backfill_by_airflows_own_backfill_over_partitions(
    airflow: Airflow, hook: ThreadingHTTPServer, covered: Covered
) -> None:
    assert airflow.backfill("land_day", "2026-05-01", "2026-05-02") is None
    assert airflow.runs("land_day") == [
        ["backfill", "success", "2026-05-01"], ["backfill", "success", "2026-05-02"],
    ]  # fmt: skip
    landed = {
        "hubspot/2026-05-01/email_events.csv": ("loaded", 1),
        "hubspot/dt=2026-05-02/email_events.csv": ("loaded", 2),
    }
    assert loads(airflow.home) == landed

    again = ("--reprocess-behavior", "completed")
    assert airflow.backfill("land_day", "2026-05-01", "2026-05-02", *again) is None
    assert [run[1:] for run in airflow.runs("land_day")][2:] == [
        ["success", "2026-05-01"], ["success", "2026-05-02"],
    ]  # fmt: skip
    assert loads(airflow.home) == landed, "a day landed twice brings nothing twice"
    assert hook.RequestHandlerClass.posts == []  # type: ignore[attr-defined]

    refused = airflow.backfill("cdp_daily", "2026-05-01", "2026-05-02")
    assert refused is not None and "does not allow backfill runs" in refused
    assert airflow.runs("cdp_daily") == []
    covered(f"{len(landed)} days landed twice, {len(loads(airflow.home))} loads")


def test_failed_loads_alert_through_a_notifier(
    airflow: Airflow, hook: ThreadingHTTPServer, covered: Covered
) -> None:
    airflow.backfill("land_day", "2026-05-03", "2026-05-03")
    assert airflow.runs("land_day")[-1] == ["backfill", "failed", "2026-05-03"]
    found = loads(airflow.home)
    assert found["hubspot/date=2026-05-03/email_events.csv"] == ("loaded", 3)
    assert found["hubspot/2026-05-03/cut_email_events.csv"] == ("refused", 0)
    ((path, token, body),) = hook.RequestHandlerClass.posts  # type: ignore[attr-defined]
    assert (path, token, set(body)) == ("/services/T0", "Bearer token", {"text"})
    assert "land_day has problems (task land, run backfill__2026-05-03" in body["text"]
    assert "• refused: hubspot/2026-05-03/cut_email_events.csv: " in body["text"]
    assert "`onefold ingest status`" in body["text"]
    assert PERSON not in body["text"]
    covered(f"{len(hook.RequestHandlerClass.posts)} message for 1 refused file")  # type: ignore[attr-defined]


def test_files_arriving_start_the_run(airflow: Airflow, covered: Covered) -> None:
    land(airflow.home, "hubspot/_READY")
    marker = airflow.home / "landing" / "hubspot" / "_READY"
    events = "select extra from asset_event order by id"
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := airflow.ask("rows", events)):
        assert time.monotonic() < deadline, "no marker was noticed"
        select.select([], [], [], 0.2)
    assert json.loads(found[0][0])["payload"] == {"markers": ["hubspot/_READY"]}
    ran = [["asset_triggered", "success", None]]
    while airflow.runs("cdp_daily") != ran and time.monotonic() < deadline:
        airflow.ask("schedule")  # it stops when idle, which a busy machine may look like
    assert airflow.runs("cdp_daily") == ran
    assert {k: v for k, v in loads(airflow.home).items() if k not in list(FILES)[:4]} == {
        "hubspot/2026-05-04/email_events.csv": ("loaded", 1),
        "hubspot/email_events.csv": ("loaded", 1),
    }, "the main job lands everything that is new, with or without a day"
    assert marker.exists(), "the marker is its writer's"
    assert len(airflow.ask("rows", events)) == 1, "a marker that nobody touches fires once"
    covered(f"{len(found)} marker, {len(airflow.runs('cdp_daily'))} run")


def test_schedules_are_configuration(airflow: Airflow, covered: Covered) -> None:
    airflow.ask("triggerer", False)
    assert len(airflow.runs("cdp_daily")) == 1, "ONEFOLD_SCHEDULE=none: no clock has started it"
    land(airflow.home, "hubspot/late_email_events.csv", export("f1"))
    airflow.ask("sync", {"ONEFOLD_SCHEDULE": "30 4 * * *"})
    airflow.ask("schedule")
    dates = airflow.ask(
        "rows",
        "select substr(logical_date, 12, 5), state from dag_run "
        "where dag_id = 'cdp_daily' and run_type = 'scheduled'",
    )
    assert dates == [["04:30", "success"]]
    assert loads(airflow.home)["hubspot/late_email_events.csv"] == ("loaded", 1)
    covered(f"none, then {dates[0][0]} every day")


def test_freshness_from_the_source_yaml_is_shown_and_gated(
    sample_copy: Any, run_onefold: Any, covered: Covered
) -> None:
    """Eight days after the sample's end HubSpot and Salesforce (error_after: 7 days) are stale."""
    shown = {f["source"]: f["status"] for f in sample_copy.summary["freshness"]}
    assert shown["hubspot"] == shown["salesforce"] == shown["google_ads"] == "fresh"
    assert shown["webinars"] == "absent", "no file of it ever landed, which is not staleness"

    later = {"ONEFOLD_AS_OF": "2026-07-08T23:59:59"}
    status = run_onefold(["ingest", "status"], sample_copy.home, **later)
    assert "hubspot is stale: its last event is of 2026-06-30" in status.stdout
    assert "google_ads is" not in status.stdout

    checked = run_onefold(["check", "--json"], sample_copy.home, **later)
    assert checked.returncode == 1, checked.stdout + checked.stderr
    found = {line["expectation_id"]: line for line in json.loads(checked.stdout)}
    assert {k for k, v in found.items() if v["status"] == "blocked"} == {"sources_not_stale"}
    assert found["sources_not_stale"]["unexpected_rows"] == 2
    assert found["sources_not_late"]["status"] == "warned"
    with duckdb.connect(str(sample_copy.home / "warehouse.duckdb")) as con:
        named = con.execute(
            "select expectation_id, row_key from state.violations "
            "where expectation_id like 'sources_%' order by 1, 2"
        ).fetchall()
    assert named == [
        ("sources_not_late", "billing"), ("sources_not_late", "suppression"),
        ("sources_not_stale", "hubspot"), ("sources_not_stale", "salesforce"),
    ]  # fmt: skip
    stale = found["sources_not_stale"]["unexpected_rows"]
    covered(f"{stale} stale, {found['sources_not_late']['unexpected_rows']} late, gate blocked")
