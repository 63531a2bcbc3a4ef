"""Writing a decision: only what differs from what is known, set by set."""

from dataclasses import dataclass
from datetime import datetime

import duckdb
import numpy as np
import pyarrow as pa

from identity.limits import Refusal
from identity.naming import Naming
from identity.resolve import Ints


@dataclass(frozen=True)
class Decision:
    """The outcome for records 0 … n-1. `rules`: the kind of evidence behind each of
    `naming.merged`; the other fields as in `identity.naming.name`."""

    labels: Ints
    record_rank: Ints
    prior: Ints
    naming: Naming
    rules: list[int]
    refused: list[Refusal]


def write(
    con: duckdb.DuckDBPyConnection, decision: Decision, at: datetime, run_id: str
) -> dict[str, int]:
    """Write `decision` into schema state within the caller's transaction; counts by kind."""
    _stage(con, decision)
    _mint(con)
    con.execute("set variable run_at = ?::timestamp", [at])
    con.execute("set variable run_id = ?", [run_id])
    counts = {"changed": _count(con, _CHANGED)}
    con.execute(_EVENTS)
    for statement in (*_PEOPLE, *_RECORDS):
        con.execute(statement)
    for event in ("created", "merged", "split", "erased"):
        counts[event] = _count(con, f"select count(*) from new_events where event = '{event}'")
    con.execute(_INSERT_EVENTS)
    con.execute(_REFUSED)
    for statement in _WRITE_REFUSED:
        con.execute(statement)
    counts["refused"] = len(decision.refused)
    for table in ("labelled", "moved", "merged", "refusals"):
        con.unregister(f"in_{table}")
    return counts


def _count(con: duckdb.DuckDBPyConnection, sql: str) -> int:
    ((count,),) = con.execute(sql).fetchall()
    return int(count)


def _stage(con: duckdb.DuckDBPyConnection, decision: Decision) -> None:
    naming = decision.naming
    records = np.arange(len(decision.labels), dtype=np.int32)
    merged, moved = naming.merged, naming.moved
    tables = {
        "labelled": {
            "record_index": records,
            "label": decision.labels,
            "owner": naming.owner,
            "prior": decision.prior,
            "record_rank": decision.record_rank,
        },
        "merged": {
            "loser": np.array([loser for loser, _ in merged], np.int32),
            "winner": np.array([winner for _, winner in merged], np.int32),
            "kind": np.array(decision.rules, np.int32),
        },
        "moved": {
            "person": np.array([person for person, _ in moved], np.int32),
            "label": np.array([label for _, label in moved], np.int32),
        },
        "refusals": {
            field: np.array([getattr(refusal, field) for refusal in decision.refused], np.int32)
            for field in ("value", "record", "other", "kind", "limit", "would_be")
        },
    }
    for name, columns in tables.items():
        con.register(f"in_{name}", pa.table(columns))
    con.execute(_PERSONS)


_PERSONS = """
create or replace temp table persons as
select person_id, (row_number() over (order by person_id) - 1)::integer as person
from state.people where status = 'live'
"""

# The first record in load order names a new person. An id that a living person still bears is
# salted; one that became an alias, or was left without records, comes back to its own record.
_MINT = """
create or replace temp table minted as
select
    label, record_rank, source, record_type, record_id, _load_id, _line, 0 as salt,
    sha256(concat_ws(chr(31), source, record_type, record_id)) as person_id
from in_labelled inner join identity.int_identity__records using (record_index)
where owner = -1
qualify row_number() over (partition by label order by record_rank) = 1;
update minted set person_id = 'p_' || left(person_id, 16);
"""

_CLASH = """
create or replace temp table clashing as
select label from minted
where person_id in (select person_id from persons)
    or label not in (select arg_min(label, (salt, record_rank)) from minted group by person_id)
"""

_SALT = """
update minted set
    salt = salt + 1,
    person_id = 'p_' || left(
        sha256(concat_ws(chr(31), source, record_type, record_id, salt + 1)), 16)
where label in (from clashing)
"""

_ASSIGN = """
create or replace temp table assigned as
select
    records.source, records.record_type, records.record_id, in_labelled.label, in_labelled.prior,
    coalesce(persons.person_id, minted.person_id) as person_id
from in_labelled
inner join identity.int_identity__records as records using (record_index)
left join persons on owner = person
left join minted using (label)
"""


def _mint(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(_MINT)
    con.execute(_CLASH)
    while _count(con, "select count(*) from clashing"):
        con.execute(_SALT)
        con.execute(_CLASH)
    con.execute(_ASSIGN)


_CHANGED = """
select count(*)
from assigned full join state.person_records as known using (source, record_type, record_id)
where assigned.person_id is distinct from known.person_id
"""

_EVENTS = """
create or replace temp table new_events as
select
    'created' as event, person_id, null::varchar as other_person_id,
    'first record' as rule, null::integer as rule_version, 1::decimal(4, 2) as confidence
from minted
where label not in (select label from in_labelled where prior >= 0)
union all
select
    'merged', winners.person_id, losers.person_id,
    'same ' || id_types.id_type, id_types.rule_version, id_types.confidence
from in_merged
inner join persons as losers on loser = losers.person
inner join persons as winners on winner = winners.person
left join rules.identity_id_types as id_types on in_merged.kind = id_types.priority
union all
select distinct
    'split', persons.person_id, assigned.person_id, 'evidence no longer joins them', null, null
from in_moved
inner join persons using (person)
inner join assigned using (label)
union all
select 'erased', person_id, null, 'no records left', null, null
from persons
where person not in (select prior from in_labelled)
"""

_INSERT_EVENTS = """
insert into state.merge_events
select
    (select coalesce(max(event_number), 0) from state.merge_events)
        + row_number() over (order by event, person_id, other_person_id),
    event, person_id, other_person_id, getvariable('run_at'), rule, rule_version, confidence,
    getvariable('run_id')
from new_events
order by all
"""

_PEOPLE = (
    """
    update state.people set status = 'merged'
    where person_id in (select other_person_id from new_events where event = 'merged')
    """,
    """
    update state.people set status = 'gone'
    where person_id in (select person_id from new_events where event = 'erased')
    """,
    "update state.people set status = 'live' where person_id in (select person_id from minted)",
    "delete from state.aliases where alias_id in (select person_id from minted)",
    """
    insert into state.people
    select
        person_id, 'live', source, record_type, record_id, _load_id, _line,
        getvariable('run_at'), getvariable('run_id')
    from minted
    where person_id not in (select person_id from state.people)
    order by person_id
    """,
    """
    insert into state.aliases
    select other_person_id, person_id, getvariable('run_at'), getvariable('run_id')
    from new_events where event = 'merged'
    order by other_person_id
    """,
)

_RECORDS = (
    """
    delete from state.person_records as known
    where not exists (
        select 1 from assigned
        where assigned.source = known.source
            and assigned.record_type = known.record_type
            and assigned.record_id = known.record_id
            and assigned.person_id = known.person_id
    )
    """,
    """
    insert into state.person_records
    select source, record_type, record_id, person_id
    from assigned anti join state.person_records using (source, record_type, record_id)
    order by source, record_type, record_id
    """,
)

_REFUSED = """
create or replace temp table refusing as
select
    linking_values.id_type, linking_values.id_value, linking_values.scope,
    mine.source, mine.record_type, mine.record_id,
    theirs.source as other_source, theirs.record_type as other_record_type,
    theirs.record_id as other_record_id,
    id_types.id_type as limit_id_type, in_refusals."limit" as limit_value, in_refusals.would_be
from in_refusals
inner join identity.int_identity__linking_values as linking_values
    on in_refusals.value = linking_values.value_index
inner join identity.int_identity__records as mine on in_refusals.record = mine.record_index
inner join identity.int_identity__records as theirs on in_refusals.other = theirs.record_index
inner join rules.identity_id_types as id_types on in_refusals.kind = id_types.priority
"""

_SAME = " and ".join(
    f"refusing.{column} = known.{column}"
    for column in (
        "id_type", "id_value", "scope", "source", "record_type", "record_id",
        "other_source", "other_record_type", "other_record_id", "limit_id_type", "would_be",
    )
)  # fmt: skip

_WRITE_REFUSED = (
    f"delete from state.refused_merges as known where not exists "
    f"(select 1 from refusing where {_SAME})",
    f"""
    insert into state.refused_merges
    select refusing.*, getvariable('run_at'), getvariable('run_id')
    from refusing
    where not exists (select 1 from state.refused_merges as known where {_SAME})
    order by all
    """,
)
