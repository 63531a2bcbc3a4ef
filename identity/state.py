"""The durable tables of identity: what was decided, and every change of mind."""

import duckdb

TABLES = """
create schema if not exists state;
create table if not exists state.people (
    person_id varchar, status varchar,
    source varchar, record_type varchar, record_id varchar, load_id varchar, line bigint,
    minted_at timestamp, run_id varchar);
create table if not exists state.person_records (
    source varchar, record_type varchar, record_id varchar, person_id varchar);
create table if not exists state.aliases (
    alias_id varchar, person_id varchar, merged_at timestamp, run_id varchar);
create table if not exists state.merge_events (
    event_number bigint, event varchar, person_id varchar, other_person_id varchar,
    "at" timestamp, rule varchar, rule_version integer, confidence decimal(4, 2), run_id varchar);
create table if not exists state.refused_merges (
    id_type varchar, id_value varchar, scope varchar,
    source varchar, record_type varchar, record_id varchar,
    other_source varchar, other_record_type varchar, other_record_id varchar,
    limit_id_type varchar, limit_value integer, would_be integer,
    "at" timestamp, run_id varchar);
create table if not exists state.host_domains (host varchar, domain varchar);
"""


def create(con: duckdb.DuckDBPyConnection) -> None:
    """Create the tables that are missing. `people.status` is live, merged or gone; `aliases` points
    one step, so a chain A -> B -> C is followed by whoever reads it."""
    con.execute(TABLES)


def canonical(con: duckdb.DuckDBPyConnection, person_id: str) -> str:
    """Follow the aliases of `person_id` to the person it is today."""
    row = con.execute(
        """
        with recursive chain as (
            select ? as person_id, 0 as step
            union all
            select a.person_id, chain.step + 1
            from chain join state.aliases a on a.alias_id = chain.person_id
        )
        select arg_max(person_id, step) from chain
        """,
        [person_id],
    ).fetchone()
    assert row is not None
    return str(row[0])
