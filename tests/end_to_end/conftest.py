"""Runs that can be killed: a forking process, a small company, and what is left behind."""

import itertools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from simulator import receiver
from simulator.simulate import simulate
from warehouse.checksum import table_checksums

WORLD = {"people": 250, "months": 6, "seed": 11}
SECRET = "signing key of the crash tests"
SYNCS = ["newsletter_audience", "high_intent_leads", "open_opportunity_contacts"]
PER_RUN = {"run_id", "loaded_at", "started_at", "finished_at", "intended_at", "_loaded_at"}
PER_ATTEMPT = {"attempts"}
LEDGERS = (
    "state.loads",
    "state.rejects",
    "state.people",
    "state.person_records",
    "state.aliases",
    "state.merge_events",
    "state.refused_merges",
    "state.violations",
    "state.sync_ledger",
    "state.sync_holdings",
)
STOPS = ("ingest", "identity", "gate_marts", "publish", "sync")
Kill = dict[str, Any] | None


@dataclass(frozen=True)
class Snapshots:
    """An undisturbed run: how long it took, its commits, its end, its home before some stages."""

    seconds: float
    commits: list[str]
    result: dict[str, Any]
    before: dict[str, Path]


class Crashes:
    """Runs in homes of their own, killed or not, by way of zygote.py."""

    def __init__(self, folder: Path) -> None:
        script = Path(__file__).with_name("zygote.py")
        self.process = subprocess.Popen(
            [sys.executable, str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "ONEFOLD_HOME": str(folder / "parsed")},
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"
        self.folder = folder
        simulate(**WORLD, out=folder / "world")
        self.runs = 0

    def new_home(self, path: Path) -> Path:
        """A home with the exports waiting in its landing folder."""
        shutil.copytree(self.folder / "world" / "exports", path / "landing")
        return path

    def run(
        self, home: Path, kill: Kill, start: str = "ingest", stop: str | None = None
    ) -> dict[str, Any]:
        """One run from `start` to before `stop`; it must die if, and only if, it is killed."""
        name = home / "run_id.txt"
        if start != "sync":  # a cleared sync task delivers the plan of its own run
            self.runs += 1
            name.write_text(f"run-{self.runs:04}")
        with receiver.start(home / "received.sqlite", SECRET) as server:
            connection = {"conn_type": "http", "host": server.url, "password": SECRET}
            command = {
                "home": str(home),
                "run_id": name.read_text(),
                "env": {"AIRFLOW_CONN_ONEFOLD_WEBHOOK": json.dumps(connection)},
                "start": start,
                "stop": stop,
                "syncs": SYNCS,
                "kill": kill,
            }
            assert self.process.stdin is not None
            assert self.process.stdout is not None
            self.process.stdin.write(json.dumps(command) + "\n")
            self.process.stdin.flush()
            answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        assert not answer["failure"], answer["failure"]
        return answer

    def close(self) -> None:
        """End the forking process."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


@pytest.fixture(scope="module")
def crashes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crashes]:
    crashes = Crashes(tmp_path_factory.mktemp("crashes"))
    yield crashes
    crashes.close()


@pytest.fixture(scope="module")
def undisturbed(crashes: Crashes) -> Snapshots:
    """One run that nobody disturbs, with copies of its home on the way."""
    home = crashes.new_home(crashes.folder / "undisturbed")
    before, answers = {}, []
    for start, stop in itertools.pairwise([*STOPS, None]):
        before[start] = crashes.folder / f"before_{start}"
        shutil.copytree(home, before[start])
        answers.append(crashes.run(home, None, start, stop))
    result = _look(home)
    assert result["received"]
    assert len(result["files"]) > 2
    return Snapshots(
        seconds=sum(a["seconds"] for a in answers),
        commits=[c for a in answers for c in a["commits"]],
        result=result,
        before=before,
    )


@pytest.fixture(scope="session")
def look() -> Callable[[Path], dict[str, Any]]:
    """What a finished run left behind, as a function of its home."""
    return _look


def _look(home: Path) -> dict[str, Any]:
    """What a finished run left behind, without what names a run or a time of day."""
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as con:
        tables = table_checksums(con, ("staging", "identity", "marts", "segments", "sync"))
        tables.pop("identity.merge_events")  # compared as state.merge_events, without run ids
        ledgers = {name: _ledger(con, name) for name in (*LEDGERS, *_raw_tables(con))}
    with duckdb.connect(str(home / "published" / "onefold.duckdb"), read_only=True) as con:
        published = table_checksums(con, ("marts", "segments"))
    outbox = home / "outbox"
    server = receiver.Receiver("", home / "received.sqlite")
    return {
        "tables": tables,
        "ledgers": ledgers,
        "published": published,
        "files": {str(f.relative_to(outbox)): f.read_bytes() for f in sorted(outbox.rglob("*.*"))},
        "received": sorted(server.deliveries()),
        "held": {name: server.held(name) for name in SYNCS},
    }


def _raw_tables(con: duckdb.DuckDBPyConnection) -> list[str]:
    rows = con.execute(
        "select table_schema || '.' || table_name from information_schema.tables "
        "where starts_with(table_schema, 'raw_') order by 1"
    ).fetchall()
    return [row[0] for row in rows]


def _ledger(con: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    columns = [row[0] for row in con.execute(f"describe {table}").fetchall()]
    kept = ", ".join(f'"{c}"' for c in columns if c not in PER_RUN | PER_ATTEMPT)
    return sorted(str(row) for row in con.execute(f"select {kept} from {table}").fetchall())
