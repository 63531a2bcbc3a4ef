"""Durable rows about runs: `state.runs` and `state.run_stages`."""

import json
from typing import Any

import duckdb

from warehouse.errors import OnefoldError

DDL = (
    "create schema if not exists state",
    """create table if not exists state.runs (
        run_id varchar, as_of timestamp, status varchar, exit_code integer,
        marts_checksum varchar, problems varchar[], finished_at timestamp
    )""",
    """create table if not exists state.run_stages (
        run_id varchar, position integer, stage varchar, status varchar,
        seconds double, detail json
    )""",
)


def ensure_state(con: duckdb.DuckDBPyConnection) -> None:
    """Create the run tables where they are missing."""
    for statement in DDL:
        con.execute(statement)


def record_run(con: duckdb.DuckDBPyConnection, summary: dict[str, Any], finished_at: Any) -> None:
    """Write one run with its stages; recording the same run again replaces it."""
    run_id = summary["run_id"]
    for table in ("runs", "run_stages"):
        con.execute(f"delete from state.{table} where run_id = ?", [run_id])
    con.execute(
        "insert into state.runs values (?, ?, ?, ?, ?, ?, ?)",
        [
            run_id,
            summary["as_of"],
            summary["status"],
            summary["exit_code"],
            summary["marts"]["checksum"],
            summary["problems"],
            finished_at,
        ],
    )
    for position, stage in enumerate(summary["stages"]):
        con.execute(
            "insert into state.run_stages values (?, ?, ?, ?, ?, ?)",
            [
                run_id,
                position,
                stage["stage"],
                stage["event"],
                stage["seconds"],
                json.dumps(stage["detail"]),
            ],
        )


def previous_checksum(con: duckdb.DuckDBPyConnection, run_id: str) -> str | None:
    """The marts' checksum of the last run before this one, None for a first run."""
    row = con.execute(
        "select marts_checksum from state.runs where run_id <> ? and marts_checksum is not null "
        "order by finished_at desc, run_id desc limit 1",
        [run_id],
    ).fetchone()
    return row[0] if row else None


def last_run(con: duckdb.DuckDBPyConnection) -> tuple[str, str]:
    """Id and clock of the newest recorded run that landed. Raises OnefoldError if there is none."""
    ensure_state(con)
    row = con.execute(
        "select run_id, cast(as_of as varchar) from state.runs where as_of is not null "
        "order by finished_at desc, run_id desc limit 1"
    ).fetchone()
    if row is None:
        raise OnefoldError("expected an earlier run, found none; start with `onefold run`")
    return row[0], row[1]
