"""Any crash and a second run end where an undisturbed run ends."""

import json
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from simulator import receiver
from simulator.simulate import simulate
from warehouse.checksum import table_checksums

SEED = 20260630
MOMENTS = 20
WORLD = {"people": 250, "months": 6, "seed": 11}
AT = "2026-07-01T00:00:00+00:00"
SECRET = "signing key of the crash tests"
PER_RUN = {"run_id", "loaded_at", "started_at", "finished_at", "_loaded_at", "at", "attempts"}
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


@dataclass(frozen=True)
class Undisturbed:
    """What one run that nobody disturbed did, and left behind."""

    commits: list[str]
    seconds: float
    result: dict[str, Any]


class Zygote:
    """The forking process of zygote.py."""

    def __init__(self) -> None:
        script = Path(__file__).with_name("zygote.py")
        self.process = subprocess.Popen(
            [sys.executable, str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def run(self, home: Path, run_id: str, url: str, kill: dict[str, Any] | None) -> dict[str, Any]:
        """One run in `home`, killed or not."""
        connection = {"conn_type": "http", "host": url, "password": SECRET}
        env = {"AIRFLOW_CONN_ONEFOLD_WEBHOOK": json.dumps(connection)}
        command = {"home": str(home), "run_id": run_id, "at": AT, "env": env, "kill": kill}
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    zygote = Zygote()
    yield zygote
    assert zygote.process.stdin is not None
    zygote.process.stdin.close()
    zygote.process.wait()


@pytest.fixture(scope="module")
def exports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    simulate(**WORLD, out=folder)
    return folder / "exports"


@pytest.fixture(scope="module")
def undisturbed(
    zygote: Zygote, exports: Path, tmp_path_factory: pytest.TempPathFactory
) -> Undisturbed:
    home = tmp_path_factory.mktemp("undisturbed")
    done, result = _run_until_done(zygote, exports, home, [])
    assert len(done["commits"]) > 20
    assert result["received"]
    return Undisturbed(done["commits"], done["seconds"], result)


@pytest.mark.parametrize("moment", range(MOMENTS))
def test_killed_at_any_moment(
    zygote: Zygote, exports: Path, undisturbed: Undisturbed, tmp_path: Path, moment: int
) -> None:
    share = random.Random(SEED + moment).random()
    seconds = share * undisturbed.seconds
    print(f"seed {SEED + moment}: killed after {seconds:.3f} s of {undisturbed.seconds:.1f} s")
    _, result = _run_until_done(zygote, exports, tmp_path, [{"seconds": seconds}])
    assert result == undisturbed.result


@pytest.mark.parametrize("when", ["before", "after"])
def test_killed_around_every_commit(
    zygote: Zygote, exports: Path, undisturbed: Undisturbed, tmp_path: Path, when: str
) -> None:
    """Each run dies at its first commit that no earlier run got to, until one is left alone."""
    kills = [{"commit": n, "when": when} for n in _first_of_each_kind(undisturbed.commits)]
    assert len(kills) > 3
    for number, kill in enumerate(kills):
        home = tmp_path / str(number)
        _, result = _run_until_done(zygote, exports, home, [kill])
        assert result == undisturbed.result, (kill, undisturbed.commits[kill["commit"] - 1])


def _first_of_each_kind(commits: list[str]) -> list[int]:
    return sorted({commits.index(label) + 1 for label in set(commits)})


def _run_until_done(
    zygote: Zygote, exports: Path, home: Path, kills: list[dict[str, Any]]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run with each kill in turn, then undisturbed; returns the last answer and what is there."""
    home.mkdir(exist_ok=True)
    shutil.copytree(exports, home / "landing")
    with receiver.start(home / "received.sqlite", SECRET) as server:
        for number, kill in enumerate(kills):
            killed = zygote.run(home, f"run-{number}", server.url, kill)
            assert not killed["failure"], killed["failure"]
        done = zygote.run(home, f"run-{len(kills)}", server.url, None)
        assert not done["failure"], done["failure"]
        assert not done["killed"]
        return done, _result(home, server)


def _result(home: Path, server: receiver.Receiver) -> dict[str, Any]:
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as con:
        tables = table_checksums(con, ("staging", "identity", "marts", "segments", "sync"))
        ledgers = {name: _ledger(con, name) for name in (*LEDGERS, *_raw_tables(con))}
    with duckdb.connect(str(home / "published" / "onefold.duckdb"), read_only=True) as con:
        published = table_checksums(con, ("marts", "segments"))
    outbox = home / "outbox"
    return {
        "tables": tables,
        "ledgers": ledgers,
        "published": published,
        "files": {str(f.relative_to(outbox)): f.read_bytes() for f in sorted(outbox.rglob("*.*"))},
        "received": sorted(server.deliveries()),
        "held": {sync: server.held(sync) for sync in ("webhook_high_intent_leads",)},
    }


def _raw_tables(con: duckdb.DuckDBPyConnection) -> list[str]:
    rows = con.execute(
        "select table_schema || '.' || table_name from information_schema.tables "
        "where starts_with(table_schema, 'raw_') order by 1"
    ).fetchall()
    return [row[0] for row in rows]


def _ledger(con: duckdb.DuckDBPyConnection, table: str) -> list[str]:
    columns = [row[0] for row in con.execute(f"describe {table}").fetchall()]
    kept = ", ".join(f'"{c}"' for c in columns if c not in PER_RUN)
    return sorted(str(row) for row in con.execute(f"select {kept} from {table}").fetchall())
