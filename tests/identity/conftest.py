"""Evidence tables made by hand, as the dbt models would leave them."""

from collections.abc import Callable
from pathlib import Path

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
    'hubspot' as source, 'contact' as record_type, record_id,
    timestamp '2026-01-01' as observed_at, 'contacts.csv' as _file, 1 as _line,
    lpad(load::varchar, 8, '0') as _load_id,
    (row_number() over (order by record_id) - 1)::integer as record_index
from (select distinct load, record_id from in_rows);
create or replace table identity.int_identity__record_identifiers as
select record_index, id_type, id_value from in_rows
inner join identity.int_identity__records using (record_id) where id_type is not null;
create or replace table identity.int_identity__links as
select record_index, id_type, id_value, '' as scope, priority,
    hash(id_type, id_value) as value_hash, true as is_linking
from identity.int_identity__record_identifiers
inner join rules.identity_id_types using (id_type);
create or replace table identity.int_identity__linking_values as
select
    (row_number() over (order by priority, id_value) - 1)::integer as value_index,
    value_hash, id_type, id_value, scope, priority, min(record_index) as first_record_index
from identity.int_identity__links
group by value_hash, id_type, id_value, scope, priority;
create or replace table identity.int_identity__star_edges as
select first_record_index, record_index, value_index
from identity.int_identity__links
inner join identity.int_identity__linking_values using (value_hash)
where record_index != first_record_index;
create or replace table identity.int_identity__hosts as
select distinct split_part(id_value, '@', -1) as host_name from in_rows where id_type = 'email';
"""


@pytest.fixture
def evidence_of(home: Path) -> Callable[[list[Row]], None]:
    """Replace the evidence in the test's warehouse by these records."""

    def write(rows: list[Row]) -> None:
        flat = [
            (load, record, id_type, value)
            for load, record, held in rows
            for id_type, value in held.items()
        ]
        rules = settings().rules / "identity_id_types.csv"
        with connect("test set-up") as con:
            con.execute("create schema if not exists rules")
            con.execute(
                f"create or replace table rules.identity_id_types as from read_csv('{rules}')"
            )
            con.execute(
                "create or replace temp table in_rows "
                "(load integer, record_id varchar, id_type varchar, id_value varchar)"
            )
            if flat:
                con.executemany("insert into in_rows values (?, ?, ?, ?)", flat)
            con.execute(_EVIDENCE)

    return write
