"""Evidence tables made by hand, as the dbt models would leave them."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from warehouse.connection import connect
from warehouse.settings import settings

# (load, record id, its identifiers); every record is a HubSpot contact of that load.
Row = tuple[int, str, dict[str, str]]

_EVIDENCE = """
create schema if not exists identity;
create schema if not exists rules;
create or replace table identity.int_identity__records as
select
    *, hash(source, record_type, record_id) as record_hash,
    (row_number() over (order by record_id) - 1)::integer as record_index
from (
    select distinct
        'hubspot' as source, 'contact' as record_type, record_id, 'contacts.csv' as _file,
        1 as _line, lpad(load::varchar, 8, '0') as _load_id,
        timestamp '2026-01-01' + to_days(load) as observed_at
    from in_rows);
create or replace table identity.int_identity__record_identifiers as
select record_index, id_type, id_value from in_rows
inner join identity.int_identity__records using (record_id) where id_type is not null;
create or replace table identity.int_identity__links as
select *, hash(record_hash, value_hash, rule, rule_version, is_linking, observed_at) as link_hash
from (
    select
        record_index, record_hash, source, record_type, record_id, id_type, id_value, '' as scope,
        priority, confidence, 'contact field' as rule, rule_version, false as is_shared,
        hash(id_type, id_value, '') as value_hash, true as is_linking,
        observed_at, _file, _line, _load_id
    from identity.int_identity__record_identifiers
    inner join identity.int_identity__records using (record_index)
    inner join rules.identity_id_types using (id_type)
);
create or replace table identity.int_identity__hosts as
select distinct split_part(id_value, '@', -1) as host_name from in_rows where id_type = 'email';
"""


def put_evidence(con: duckdb.DuckDBPyConnection, rows: list[Row]) -> None:
    """Replace the evidence behind `con` by these records."""
    flat = [
        (load, record, id_type, value)
        for load, record, held in rows
        for id_type, value in (held or {None: None}).items()
    ]
    columns = ("load", "record_id", "id_type", "id_value")
    values = list(zip(*flat, strict=True)) or [[]] * len(columns)
    table = pa.table(
        {name: pa.array(found, pa.int32() if name == "load" else pa.string())
         for name, found in zip(columns, values, strict=True)}
    )  # fmt: skip
    con.register("given_rows", table)
    put_query(con, "from given_rows")
    con.unregister("given_rows")


def put_query(con: duckdb.DuckDBPyConnection, rows: str) -> None:
    """The same from a query that gives load, record_id, id_type and id_value."""
    rules = settings().rules / "identity_id_types.csv"
    con.execute("create schema if not exists rules")
    con.execute(f"create or replace table rules.identity_id_types as from read_csv('{rules}')")
    con.execute(f"create or replace temp table in_rows as {rows}")
    con.execute(_EVIDENCE)


@pytest.fixture
def evidence_of(home: Path) -> Callable[[list[Row]], None]:
    """Replace the evidence in the test's warehouse by these records."""

    def write(rows: list[Row]) -> None:
        with connect("test set-up") as con:
            put_evidence(con, rows)

    return write
