"""The durable tables of activation in schema `state`; dbt only reads them."""

import duckdb

DDL = """
create schema if not exists state;

-- One row per run and sync: what was planned, whether it went out, what became of it.
create table if not exists state.sync_runs (
    run_id varchar not null,
    sync varchar not null,
    plan_id varchar not null,
    as_of timestamp not null,
    destination varchar not null,
    connection varchar,
    mode varchar not null,
    purpose varchar not null,
    candidates bigint not null,
    allowed bigint not null,
    held bigint not null,
    adds bigint not null,
    changes bigint not null,
    removes bigint not null,
    skips bigint not null,
    breaches varchar[] not null,
    ledger_position bigint not null,
    status varchar not null,  -- planned, stopped, not_configured, applying, done, incomplete
    approved_reason varchar,
    sent bigint not null,
    failed bigint not null,
    unknown bigint not null,
    withheld bigint not null,
    started_at timestamp,
    finished_at timestamp
);

-- One row per sync, plan and record: the action and its reason. Only the newest plan of a sync
-- keeps payloads and unchanged records.
create table if not exists state.sync_plans (
    sync varchar not null,
    plan_id varchar not null,
    record_key varchar not null,
    person_id varchar,
    action varchar not null,
    reason varchar not null,
    purpose varchar not null,
    is_newest boolean not null,
    changed_fields varchar[],
    payload_hash varchar,
    sequence bigint,
    idempotency_key varchar,
    payload varchar
);

-- One row per attempt to change one record at a destination, folded from the SQLite ledger.
create table if not exists state.sync_ledger (
    entry_id bigint not null,
    run_id varchar not null,
    sync varchar not null,
    plan_id varchar not null,
    record_key varchar not null,
    person_id varchar,
    action varchar not null,
    reason varchar not null,
    purpose varchar not null,
    payload_hash varchar,
    sequence bigint not null,
    idempotency_key varchar not null,
    status varchar not null,  -- sent, failed, unknown, withheld
    attempts integer not null,
    error_class varchar,
    response_code integer,
    intended_at timestamp not null,
    finished_at timestamp
);

-- One row per sync and record that the destination is confirmed to hold, with what it holds.
create table if not exists state.sync_holdings (
    sync varchar not null,
    record_key varchar not null,
    person_id varchar,
    payload_hash varchar not null,
    payload varchar,
    entry_id bigint not null
);

-- The newest plan of each sync. Last, so that it stands for all of them.
create or replace view state.newest_sync_plans as
select * from state.sync_plans where is_newest;
"""


def ensure(con: duckdb.DuckDBPyConnection) -> None:
    """Create the tables that are missing."""
    if not exists(con, "state.newest_sync_plans"):
        con.execute(DDL)


def exists(con: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Whether `schema.table` is in the warehouse."""
    schema, name = table.split(".")
    found = con.execute(
        "select 1 from information_schema.tables where table_schema = ? and table_name = ?",
        [schema, name],
    ).fetchone()
    return found is not None
