"""Runs that can be killed: a forking process, a small company, and what is left behind."""

import itertools
import json
import os
import pickle
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

HERE = Path(__file__).parent
ORDER = ("published", "bad_exports", "sample_run", "killed_at_commits", "load_kinds", "scheduling")
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
    "state.edges",
    "state.former_person_records",
    "state.identity_runs",
    "state.identity_metrics",
    "state.violations",
    "state.sync_ledger",
    "state.sync_holdings",
)
BUILT = ("staging", "identity", "marts", "segments", "sync")
ROAD = ("ingest", "staging", "identity", "marts", "gate_marts", "publish", "plan", "sync", "report")
Kill = dict[str, Any] | None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Modules that would wait for the same shared run do not stand side by side."""
    names = [f"test_{name}" for name in ORDER]
    places = [i for i, item in enumerate(items) if item.path.parent == HERE]
    found = [items[i] for i in places]
    found.sort(key=lambda item: (*names, item.path.stem).index(item.path.stem))
    for place, item in zip(places, found, strict=True):
        items[place] = item


@dataclass(frozen=True)
class Snapshots:
    """An undisturbed run, stage by stage."""

    seconds: dict[str, float]
    """How long each stage took."""
    commits: list[str]
    before: dict[str, Path]
    """Its home before each stage."""
    after: dict[str, dict[str, Any]]
    """What `look` saw after each stage."""
    glanced: dict[str, dict[str, Any]]
    """What `glance` saw after each stage."""

    @property
    def result(self) -> dict[str, Any]:
        """What the whole run left behind."""
        return self.after[ROAD[-1]]


class Crashes:
    """Runs in homes of their own, killed or not, by way of zygote.py."""

    def __init__(self, folder: Path, world: Path) -> None:
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
        self.folder, self.world = folder, world
        self.runs = 0

    def new_home(self, path: Path) -> Path:
        """A home with the exports waiting in its landing folder."""
        shutil.copytree(self.world / "exports", path / "landing")
        return path

    def run(
        self, home: Path, kill: Kill, start: str = "ingest", stop: str | None = None
    ) -> dict[str, Any]:
        """One run from `start` to before `stop`; it must die if, and only if, it is killed."""
        name = home / "run_id.txt"
        if start not in ("sync", "report"):  # a cleared sync delivers the plan of its own run
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


@pytest.fixture(scope="session")
def crash_folder(shared_folder: Path, locked: Any) -> Path:
    """A folder that all workers share, with a small company's exports."""
    folder = shared_folder / "crashes"
    with locked(folder):
        if not (folder / "world").exists():
            simulate(**WORLD, out=folder / "world")
    return folder


@pytest.fixture(scope="module")
def crashes(crash_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crashes]:
    crashes = Crashes(tmp_path_factory.mktemp("crashes"), crash_folder / "world")
    yield crashes
    crashes.close()


@pytest.fixture(scope="module")
def undisturbed(crashes: Crashes, crash_folder: Path, locked: Any) -> Snapshots:
    """One run that nobody disturbs, once for all workers, looked at after each stage."""
    done = crash_folder / "undisturbed.pickle"
    with locked(crash_folder):
        if not done.exists():
            done.write_bytes(pickle.dumps(vars(_undisturbed(crashes, crash_folder))))
    return Snapshots(**pickle.loads(done.read_bytes()))


def _undisturbed(crashes: Crashes, folder: Path) -> Snapshots:
    home = crashes.new_home(folder / "undisturbed")
    found = Snapshots({}, [], {}, {}, {})
    for stage, following in itertools.pairwise([*ROAD, None]):
        found.before[stage] = folder / f"before_{stage}"
        shutil.copytree(home, found.before[stage])
        answer = crashes.run(home, None, stage, following)
        found.seconds[stage] = answer["seconds"]
        found.commits.extend(answer["commits"])
        found.after[stage] = _look(home)
        found.glanced[stage] = _look(home, whole=False)
    assert set(LEDGERS) <= set(found.result["ledgers"])
    assert found.result["received"]
    assert len(found.result["files"]) > 2
    return found


@pytest.fixture(scope="session")
def look() -> Callable[..., dict[str, Any]]:
    """What a run has left behind so far, as a function of its home."""
    return _look


@pytest.fixture(scope="session")
def glance() -> Callable[[Path], dict[str, Any]]:
    """The same without raw tables and what dbt builds: for stages that only read them."""
    return lambda home: _look(home, whole=False)


def _look(home: Path, whole: bool = True) -> dict[str, Any]:
    """What a run has left behind so far, without what names a run or a time of day."""
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as con:
        tables = table_checksums(con, BUILT) if whole else {}
        for name in ("merge_events", "runs", "metrics"):  # compared as ledgers, without run ids
            tables.pop(f"identity.{name}", None)
        there = _tables(con)
        raw = [name for name in there if whole and name.startswith("raw_")]
        ledgers = {name: _ledger(con, name) for name in (*LEDGERS, *raw) if name in there}
    file, published = home / "published" / "onefold.duckdb", {}
    if whole and file.exists():
        with duckdb.connect(str(file), read_only=True) as con:
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


def _tables(con: duckdb.DuckDBPyConnection) -> list[str]:
    rows = con.execute(
        "select table_schema || '.' || table_name from information_schema.tables order by 1"
    ).fetchall()
    return [row[0] for row in rows]


def _ledger(con: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    columns = [row[0] for row in con.execute(f"describe {table}").fetchall()]
    kept = ", ".join(f'"{c}"' for c in columns if c not in PER_RUN | PER_ATTEMPT)
    return sorted(str(row) for row in con.execute(f"select {kept} from {table}").fetchall())
