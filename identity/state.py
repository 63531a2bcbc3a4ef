"""The durable tables of identity: evidence as it came, decisions, every change of mind."""

import duckdb

# Columns of many different texts. DuckDB compresses them so anyway (warehouse.connection.STORAGE),
# but takes long to find out.
_TEXT = "varchar using compression fsst"

TABLES = f"""
create schema if not exists state;
create table if not exists state.identity_runs (
    run_number integer, run_id varchar, as_of timestamp, scope varchar, rules_hash varchar,
    links bigint, links_sum varchar, last_load_id varchar, hash_probe ubigint,
    observed bigint, withdrawn bigint,
    records_resolved bigint, records bigint, people bigint, changed bigint,
    created bigint, merged bigint, split bigint, erased bigint, refused bigint,
    records_sum varchar);
create table if not exists state.identity_metrics (
    run_number integer, metric varchar, value double);
create table if not exists state.identity_sizes (run_number integer, size bigint, people bigint);
create table if not exists state.edges (
    run_number integer, is_observed boolean, link_hash ubigint,
    record_hash ubigint, value_hash ubigint,
    id_type varchar, id_value {_TEXT}, scope varchar,
    rule varchar, rule_version integer, confidence decimal(4, 2), is_linking boolean,
    observed_at timestamp, _load_id varchar, _file varchar, _line bigint);
create table if not exists state.similar_pairs (
    run_number integer, is_observed boolean, record_hash ubigint, other_hash ubigint,
    match_weight double, probability double, model_version varchar);
create table if not exists state.people (
    person_id {_TEXT}, status enum ('live', 'merged', 'gone'),
    source varchar, record_type varchar, record_id {_TEXT}, load_id varchar, line bigint,
    minted_at timestamp, run_id varchar, person_number integer);
create table if not exists state.person_records (
    source varchar, record_type varchar, record_id {_TEXT}, person_id {_TEXT},
    record_hash ubigint, component ubigint, since_run integer, person_number integer);
create table if not exists state.former_person_records (
    source varchar, record_type varchar, record_id varchar, person_id varchar,
    record_hash ubigint, since_run integer, until_run integer);
create table if not exists state.aliases (
    alias_id varchar, person_id varchar, merged_at timestamp, run_id varchar);
create table if not exists state.merge_events (
    event_number bigint, event varchar, person_id {_TEXT}, other_person_id {_TEXT},
    "at" timestamp, rule varchar, rule_version integer, confidence decimal(4, 2), run_id varchar);
create table if not exists state.refused_merges (
    id_type varchar, id_value varchar, scope varchar,
    source varchar, record_type varchar, record_id varchar,
    other_source varchar, other_record_type varchar, other_record_id varchar,
    limit_id_type varchar, limit_value integer, would_be integer,
    "at" timestamp, run_id varchar);
create table if not exists state.identity_overrides (
    override_number integer, action varchar, reason varchar, made_by varchar,
    made_at timestamp, applied_run integer,
    undone_by varchar, undone_at timestamp, undone_run integer);
create table if not exists state.identity_override_records (
    override_number integer, side varchar,
    source varchar, record_type varchar, record_id varchar, record_hash ubigint);
create table if not exists state.host_domains (host varchar, domain varchar);
"""


def create(con: duckdb.DuckDBPyConnection) -> None:
    """Create the tables that are missing, and the columns that an older version did not have.

    `edges` is only ever added to: a row says that a run saw a link, or (`is_observed` false) saw
    it no longer. `people.status` is live, merged or gone; `person_number` stands for the id where
    reading texts would take long. `person_records.component` names the records that evidence
    connects, limits aside; `since_run` the run that decided its person, and
    `former_person_records` what was decided before. `aliases` points one step, so a chain
    A -> B -> C is followed by whoever reads it. `identity_metrics` holds the figures of
    identity/watch.py, `identity_sizes` how many people had how many records after a run.
    """
    con.execute(TABLES)
    for table, column, kind in _LATER:
        con.execute(f"alter table state.{table} add column if not exists {column} {kind}")
    if con.execute(_UNNUMBERED).fetchone():
        con.execute(_NUMBER)


_LATER = (
    ("people", "person_number", "integer"),
    ("person_records", "person_number", "integer"),
    ("identity_runs", "records_sum", "varchar"),
)

_UNNUMBERED = "select 1 from state.people where person_number is null limit 1"

_NUMBER = """
update state.people set person_number = rowid;
update state.person_records as known set person_number = people.person_number
from state.people where known.person_id = people.person_id;
"""


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
