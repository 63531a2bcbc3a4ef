"""Rows about runs, kept for good."""

from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from ops.state import ensure_state, last_run, previous_checksum, record_run
from warehouse.connection import connect
from warehouse.errors import OnefoldError


def at(hour: int) -> datetime:
    """A moment of one day."""
    return datetime(2026, 6, 30, hour)


@pytest.fixture
def con(home: Path) -> Any:
    with connect("test") as con:
        ensure_state(con)
        yield con


def test_a_run_is_recorded_with_its_stages(
    con: duckdb.DuckDBPyConnection, summary: dict[str, Any]
) -> None:
    summary["problems"] = ["one", "two"]
    record_run(con, summary, at(1))
    assert con.execute("from state.runs").fetchall() == [
        ("r1", datetime(2026, 6, 30, 12), "done", 0, "6638134c002f79ee", ["one", "two"], at(1))
    ]
    assert con.execute("select * exclude (detail), detail->>'rows' from state.run_stages"
                       ).fetchall() == [("r1", 0, "ingest", "done", 3.04, "1")]  # fmt: skip


def test_recording_a_run_again_replaces_it_and_no_other(
    con: duckdb.DuckDBPyConnection, summary: dict[str, Any]
) -> None:
    stage = summary["stages"][0]
    record_run(con, summary | {"run_id": "other"}, at(1))
    record_run(con, summary | {"exit_code": 1, "stages": [stage, stage, stage]}, at(2))
    record_run(con, summary | {"stages": [stage, stage | {"stage": "marts"}]}, at(3))
    runs = con.execute("select run_id, exit_code, finished_at from state.runs order by run_id")
    assert runs.fetchall() == [("other", 0, at(1)), ("r1", 0, at(3))]
    stages = con.execute(
        "select run_id, position, stage from state.run_stages order by run_id, position"
    )
    assert stages.fetchall() == [("other", 0, "ingest"), ("r1", 0, "ingest"), ("r1", 1, "marts")]


def test_the_previous_checksum_is_that_of_the_newest_other_run(
    con: duckdb.DuckDBPyConnection, summary: dict[str, Any]
) -> None:
    assert previous_checksum(con, "r1") is None
    for hour, run, checksum in ((1, "r1", "aaa"), (3, "r3", "ccc"), (2, "r2", "bbb")):
        record_run(con, summary | {"run_id": run, "marts": {"checksum": checksum}}, at(hour))
    assert previous_checksum(con, "r4") == "ccc"
    assert previous_checksum(con, "r3") == "bbb"


def test_the_last_run_is_the_newest_that_has_a_clock(
    con: duckdb.DuckDBPyConnection, summary: dict[str, Any]
) -> None:
    for hour, run, as_of in ((1, "r1", "2026-06-28"), (2, "r2", "2026-06-29"), (3, "r3", None)):
        record_run(con, summary | {"run_id": run, "as_of": as_of}, at(hour))
    assert last_run(con) == ("r2", "2026-06-29 00:00:00")


def test_without_a_run_it_says_what_to_do(home: Path) -> None:
    with connect("test") as con, pytest.raises(OnefoldError, match="start with `onefold run`"):
        last_run(con)


def test_state_is_kept_where_it_is(con: duckdb.DuckDBPyConnection, summary: dict[str, Any]) -> None:
    record_run(con, summary, at(1))
    ensure_state(con)
    assert last_run(con)[0] == "r1"
