"""Hashes made anew where another version of DuckDB hashes otherwise."""

import duckdb


def rehash(con: duckdb.DuckDBPyConnection) -> bool:
    """Bring the hashes in schema state to what DuckDB's `hash` gives today; True if they were not.

    They only speed up joins within one deployment, so they may change with DuckDB's version: the
    last run says what `hash('onefold')` was then.
    """
    row = con.execute(
        "select hash_probe = hash('onefold') from state.identity_runs "
        "order by run_number desc limit 1"
    ).fetchone()
    if row is None or row[0]:
        return False
    con.execute(_REHASH)
    return True


_REHASH = """
create or replace temp table rehashed as
select distinct record_hash, hash(source, record_type, record_id) as new_hash
from (
    select source, record_type, record_id, record_hash from state.person_records
    union all
    select source, record_type, record_id, record_hash from state.former_person_records
    union all
    select source, record_type, record_id, record_hash from state.identity_override_records
);
update state.person_records as known set component = rehashed.new_hash
from rehashed where known.component = rehashed.record_hash;
update state.person_records set record_hash = hash(source, record_type, record_id);
update state.former_person_records set record_hash = hash(source, record_type, record_id);
update state.identity_override_records set record_hash = hash(source, record_type, record_id);
update state.edges as known set record_hash = rehashed.new_hash
from rehashed where known.record_hash = rehashed.record_hash;
update state.similar_pairs as known set record_hash = rehashed.new_hash
from rehashed where known.record_hash = rehashed.record_hash;
update state.similar_pairs as known set other_hash = rehashed.new_hash
from rehashed where known.other_hash = rehashed.record_hash;
update state.edges set value_hash = hash(id_type, id_value, scope);
update state.edges set
    link_hash = hash(record_hash, value_hash, rule, rule_version, is_linking, observed_at);
update state.identity_runs set
    hash_probe = hash('onefold'),
    records_sum = (select coalesce(sum(record_hash), 0)::varchar from state.person_records),
    links_sum = (
        select coalesce(sum(link_hash), 0)::varchar
        from (
            select link_hash, is_observed from state.edges
            qualify row_number() over (partition by link_hash order by run_number desc) = 1
        )
        where is_observed
    )
where run_number = (select max(run_number) from state.identity_runs);
"""
