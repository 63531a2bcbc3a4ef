"""Forgetting who a person was: their nodes become commitments that nobody can open."""

import secrets

import duckdb

from identity import state
from identity.errors import IdentityError

# Each text becomes the SHA-256 of a salt and itself. The salt is dropped with the connection's
# variable, so that a guess cannot be confirmed, while equal nodes of one erasure stay equal.
_COMMITMENT = "'erased:' || sha256(getvariable('erasure_salt') || {column})"


def erase(con: duckdb.DuckDBPyConnection, person_id: str) -> int:
    """Replace every identifier and record key of a person in schema state; how many links changed.

    Within the caller's transaction. What the evidence models still say of the person is for whoever
    erases the raw rows. The values on others' records (a shared inbox) are theirs and stay. Raises
    IdentityError for an id that nobody has; a second call finds nothing left to change.
    """
    person = state.canonical(con, person_id)
    known = con.execute("select 1 from state.people where person_id = ?", [person]).fetchone()
    if known is None:
        raise IdentityError(f"expected a person id, got {person_id}, which nobody has")
    con.execute("set variable erasure_salt = ?", [secrets.token_hex(32)])
    con.execute("set variable erased_person = ?", [person])
    try:
        con.execute(_NODES)
        ((links,),) = con.execute(
            "select count(*) from state.edges where record_hash in (select old_hash from erased)"
        ).fetchall()
        for statement in _STATEMENTS:
            con.execute(statement)
    finally:
        con.execute("set variable erasure_salt = null")
        con.execute("drop table if exists erased")
    return int(links)


_NODES = f"""
create or replace temp table erased as
select distinct
    source, record_type, record_id, record_hash as old_hash,
    {_COMMITMENT.format(column="record_id")} as new_id,
    hash(source, record_type, {_COMMITMENT.format(column="record_id")}) as new_hash
from (
    select source, record_type, record_id, record_hash, person_id from state.person_records
    union all
    select source, record_type, record_id, record_hash, person_id from state.former_person_records
)
where person_id = getvariable('erased_person') and not starts_with(record_id, 'erased:')
"""

_OWN = "(source, record_type, record_id) in (select source, record_type, record_id from erased)"
_OTHER = (
    "(other_source, other_record_type, other_record_id) in "
    "(select source, record_type, record_id from erased)"
)

_STATEMENTS = (
    f"""
    update state.edges as known set
        record_hash = erased.new_hash,
        id_value = {_COMMITMENT.format(column="id_value")},
        scope = if(scope = '', '', {_COMMITMENT.format(column="scope")}),
        value_hash = hash(id_type, {_COMMITMENT.format(column="id_value")},
            if(scope = '', '', {_COMMITMENT.format(column="scope")}))
    from erased where known.record_hash = erased.old_hash
    """,
    """
    update state.edges set
        link_hash = hash(record_hash, value_hash, rule, rule_version, is_linking, observed_at)
    where record_hash in (select new_hash from erased)
    """,
    f"""
    delete from state.refused_merges where {_OWN} or {_OTHER}
    """,
    """
    delete from state.similar_pairs
    where record_hash in (select old_hash from erased)
        or other_hash in (select old_hash from erased)
    """,
    """
    update state.person_records as known set component = erased.new_hash
    from erased where known.component = erased.old_hash
    """,
    *(
        f"""
        update state.{table} as known set
            record_id = erased.new_id, record_hash = erased.new_hash
        from erased where known.record_hash = erased.old_hash
        """
        for table in ("person_records", "former_person_records", "identity_override_records")
    ),
    "update state.identity_runs set records_sum = null",
    """
    update state.people as known set record_id = erased.new_id
    from erased
    where known.source = erased.source and known.record_type = erased.record_type
        and known.record_id = erased.record_id
    """,
)
