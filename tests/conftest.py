"""Fixtures that every room shares: a deployment of its own, and tables made from inline rows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from warehouse.connection import connect

Rows = Sequence[Mapping[str, Any]]


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
