"""Fixtures that every room shares: a deployment of its own, and tables made from inline rows."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from warehouse.connection import connect

Rows = Sequence[Mapping[str, Any]]


def pytest_configure(config: pytest.Config) -> None:
    """Airflow writes into its home as soon as it is imported: never into the person's own."""
    folder = tempfile.mkdtemp(prefix="airflow-home-")
    os.environ["AIRFLOW_HOME"] = folder
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty deployment: ONEFOLD_HOME is a temporary folder."""
    return _use(tmp_path, monkeypatch)


@pytest.fixture(scope="module")
def module_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An empty deployment shared by the tests of one module."""
    with pytest.MonkeyPatch.context() as patch:
        yield _use(tmp_path_factory.mktemp("home"), patch)


def _use(folder: Path, patch: pytest.MonkeyPatch) -> Path:
    patch.setenv("ONEFOLD_HOME", str(folder))
    for name in ("ONEFOLD_LANDING", "ONEFOLD_AS_OF"):
        patch.delenv(name, raising=False)
    return folder


@pytest.fixture(scope="session")
def warehouse_with() -> Callable[[Mapping[str, tuple[str, Rows]]], None]:
    """Create tables in the current home: {"schema.table": ("col type, col type", rows)}.

    Columns missing from a row are null; a row with a column that is not declared is an error.
    """

    def create(tables: Mapping[str, tuple[str, Rows]]) -> None:
        with connect("test set-up") as con:
            for name, (columns, rows) in tables.items():
                _create(con, name, columns, rows)

    return create


def _create(con: duckdb.DuckDBPyConnection, name: str, columns: str, rows: Rows) -> None:
    con.execute(f"create schema if not exists {name.split('.', maxsplit=1)[0]}")
    con.execute(f"create or replace table {name} ({columns})")
    declared = [row[0] for row in con.execute(f"describe {name}").fetchall()]
    for row in rows:
        unknown = set(row) - set(declared)
        assert not unknown, f"{name} has no column {sorted(unknown)}"
        marks = ", ".join("?" for _ in row)
        names = ", ".join(f'"{column}"' for column in row)
        con.execute(f"insert into {name} ({names}) values ({marks})", list(row.values()))


@dataclass(frozen=True)
class SampleRun:
    """One real run of the sample through Airflow, shared by all tests that only look at it.

    DuckDB lets many processes read a file that none writes: look with `read_only=True`, and take
    `sample_copy` for commands and whatever else may write.
    """

    home: Path
    summary: dict[str, Any]


Locked = Callable[[Path], AbstractContextManager[None]]


@pytest.fixture(scope="session")
def locked() -> Locked:
    """Keep the other workers away from what is made in a folder, which this creates."""

    @contextmanager
    def lock(folder: Path) -> Iterator[None]:
        folder.mkdir(parents=True, exist_ok=True)
        with folder.with_suffix(".lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield

    return lock


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One temporary folder for all workers."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder


@pytest.fixture(scope="session")
def sample_run(shared_folder: Path, locked: Locked) -> SampleRun:
    """`onefold run --sample` in a home of its own, once for all workers."""
    home = shared_folder / "sample_home"
    done = home / "summary.json"
    with locked(home):
        if not done.exists():
            result = onefold(["run", "--sample", "--json"], home)
            assert result.returncode == 0, result.stdout + result.stderr
            done.write_text(result.stdout)
    return SampleRun(home, json.loads(done.read_text()))


@pytest.fixture(scope="module")
def sample_copy(sample_run: SampleRun, tmp_path_factory: pytest.TempPathFactory) -> SampleRun:
    """The sample run in a home of its own, for the tests of one module to change."""
    home = tmp_path_factory.mktemp("sample") / "home"
    shutil.copytree(sample_run.home, home)
    return SampleRun(home, sample_run.summary)


def onefold(args: list[str], home: Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Run the console command as a person does, in a deployment of its own."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("ONEFOLD_", "AIRFLOW_"))}
    env |= {"ONEFOLD_HOME": str(home), **settings}
    command = [sys.executable, "-m", "onefold", *args]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=False)


@pytest.fixture(scope="session")
def run_onefold() -> Callable[..., subprocess.CompletedProcess[str]]:
    """The console command as a function of (arguments, home, settings)."""
    return onefold


@pytest.fixture
def covered(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """covered(figure): what this test found is what docs/coverage.md says of it."""
    page = Path(__file__).parents[1] / "docs" / "coverage.md"
    name = f"{request.path.relative_to(page.parents[1]).as_posix()}::{request.node.originalname}"
    rows = [line for line in page.read_text("utf-8").splitlines() if f"`{name}`" in line]

    def compare(figure: str) -> None:
        assert [row.rsplit("|", 2)[1].strip() for row in rows] == [figure]

    return compare
