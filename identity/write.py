"""Writing a decision: only what differs from what is known, set by set."""

from dataclasses import dataclass
from datetime import datetime

import duckdb
import numpy as np
from numpy.typing import NDArray

from identity.arrays import one, set_variables
from identity.limits import Ints, Refusal
from identity.naming import Naming
from identity.refusals import write_refusals
from identity.similar import SimilarRefusal


@dataclass(frozen=True)
class Run:
    """Number, id and clock (UTC) of the run that decides."""

    number: int
    run_id: str
    at: datetime


@dataclass(frozen=True)
class Decision:
    """The outcome for records 0 … n-1 in scope. `component`: the hash of the smallest record that
    evidence connects each to. `rules`: the kind of evidence behind each of `naming.merged`; the
    other fields as in `identity.naming.name`."""

    labels: Ints
    record_hash: NDArray[np.uint64]
    component: NDArray[np.uint64]
    prior: Ints
    naming: Naming
    rules: list[int]
    refused: list[Refusal]
    similar_refused: list[SimilarRefusal]


def write(
    con: duckdb.DuckDBPyConnection, decision: Decision, run: Run, *, everything: bool
) -> dict[str, int]:
    """Write `decision` into schema state within the caller's transaction; counts by kind.

    Reads temp tables scope_records, persons, known_records, touched (and part_values, where limits
    refused a join), and variable last_person_number. `everything`: all records are in scope, not
    only the touched.
    """
    _stage(con, decision)
    _mint(con)
    set_variables(con, run_at=run.at, run_id=run.run_id, run_number=run.number)
    con.execute(_EVENTS)
    counts = {"changed": _records(con)}
    for statement in _PEOPLE:
        con.execute(statement)
    events = dict(con.execute("select event, count(*) from new_events group by event").fetchall())
    for event in ("created", "merged", "split", "erased"):
        counts[event] = events.get(event, 0)
    con.execute(_INSERT_EVENTS)
    write_refusals(con, decision.refused, decision.similar_refused, everything=everything)
    for table in ("labelled", "new", "merged", "moved", "gone"):
        con.unregister(f"in_{table}")
    return counts


def _stage(con: duckdb.DuckDBPyConnection, decision: Decision) -> None:
    naming, labels = decision.naming, decision.labels
    records = np.arange(len(labels), dtype=np.int32)
    new = np.flatnonzero((labels == records) & (naming.owner < 0)).astype(np.int32)
    had_people = np.zeros(len(labels), np.bool_)
    had_people[labels[decision.prior >= 0]] = True
    persons = one(con, "select count(*) from persons")
    gone = np.setdiff1d(np.arange(persons, dtype=np.int32), decision.prior)
    merged, moved = naming.merged, naming.moved
    tables = {
        "labelled": {
            "record": records,
            "record_hash": decision.record_hash,
            "component": decision.component,
            "label": labels,
            "owner": naming.owner,
        },
        "new": {
            "label": new,
            "record": naming.eldest[new],
            "had_people": had_people[new],
            "number": np.arange(len(new), dtype=np.int32),
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
        "gone": {"person": gone},
    }
    for name, columns in tables.items():
        con.register(f"in_{name}", columns)


# The first record in load order names a new person. An id that a living person still bears is
# salted; one that became an alias, or was left without records, comes back to its own record.
_MINT = """
create or replace temp table minted as
select
    in_new.label, in_new.had_people, record, source, record_type, record_id, _load_id, _line,
    0 as salt,
    'p_' || left(sha256(concat_ws(chr(31), source, record_type, record_id)), 16) as person_id,
    getvariable('last_person_number') + 1 + number as person_number
from in_new inner join scope_records using (record)
"""

_BORNE = """
create or replace temp table borne as
select person_id, person_number, status from state.people
where person_id in (select person_id from minted)
"""

_CLASH = """
create or replace temp table clashing as
select label from minted
where person_id in (select person_id from borne where status = 'live')
union
select label from minted
qualify row_number() over (partition by person_id order by salt, _load_id, _line, record) > 1
"""

_SALT = """
update minted set
    salt = salt + 1,
    person_id = 'p_' || left(
        sha256(concat_ws(chr(31), source, record_type, record_id, salt + 1)), 16)
where label in (from clashing)
"""

_AS_BORNE = """
update minted set person_number = borne.person_number
from borne where minted.person_id = borne.person_id
"""


def _mint(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(_MINT)
    con.execute(_BORNE)
    con.execute(_CLASH)
    while one(con, "select count(*) from clashing"):
        con.execute(_SALT)
        con.execute(_BORNE)
        con.execute(_CLASH)
    con.execute(_AS_BORNE)


_ASSIGNED = """
select
    in_labelled.record, in_labelled.record_hash, in_labelled.component,
    coalesce(persons.person_id, minted.person_id) as person_id,
    coalesce(persons.person_number, minted.person_number) as person_number
from in_labelled
left join persons on in_labelled.owner = persons.person
left join minted on if(in_labelled.owner < 0, in_labelled.label, -1) = minted.label
"""

# `replaced`: what is known of a record and is so no longer, with what is to stand in its place.
_REPLACED = f"""
create or replace temp table replaced as
with

assigned as ({_ASSIGNED})

select
    coalesce(assigned.record_hash, known.record_hash) as record_hash, assigned.record,
    assigned.component, assigned.person_id, assigned.person_number,
    known.person_number as former_person_number, known.since_run,
    assigned.person_number is distinct from known.person_number as is_moved
from assigned full join known_records as known using (record_hash)
where assigned.person_number is distinct from known.person_number
    or assigned.component is distinct from known.component
"""

_RECORDS = (
    """
    insert into state.former_person_records
    select
        source, record_type, record_id, persons.person_id, replaced.record_hash, since_run,
        getvariable('run_number')
    from replaced
    inner join scope_records using (record)
    inner join persons on replaced.former_person_number = persons.person_number
    where is_moved
    """,
    """
    delete from state.person_records
    where record_hash in (
        select record_hash from replaced where former_person_number is not null)
    """,
    """
    insert into state.person_records
    select
        source, record_type, record_id, person_id, replaced.record_hash, component,
        if(is_moved, getvariable('run_number'), since_run), person_number
    from replaced inner join scope_records using (record)
    """,
)

_GONE = """
insert into state.former_person_records
select
    source, record_type, record_id, person_id, record_hash, since_run, getvariable('run_number')
from state.person_records
where record_hash in (select record_hash from replaced where record is null)
"""

_FIRST_RECORDS = f"""
insert into state.person_records
select
    source, record_type, record_id, person_id, assigned.record_hash, component,
    getvariable('run_number'), person_number
from ({_ASSIGNED}) as assigned inner join scope_records using (record)
"""


def _records(con: duckdb.DuckDBPyConnection) -> int:
    """Write who is whose; how many records are new, moved or gone."""
    if not one(con, "select count(*) from state.person_records"):
        con.execute(_FIRST_RECORDS)
        return int(one(con, "select count(*) from state.person_records"))
    con.execute(_REPLACED)
    if one(con, "select count(*) from replaced where record is null"):
        con.execute(_GONE)
    for statement in _RECORDS:
        con.execute(statement)
    return int(one(con, "select count(*) from replaced where is_moved"))


# `place` and `other_place` order the events of a kind: numbers sort faster than ids.
_EVENTS = """
create or replace temp table new_events as
select
    'created' as event, person_id, null::varchar as other_person_id,
    'first record' as rule, null::integer as rule_version, 1::decimal(4, 2) as confidence,
    label as place, 0 as other_place
from minted where not had_people
union all
select
    'merged', winners.person_id, losers.person_id,
    case in_merged.kind
        when 0 then 'merged by hand' when 999 then 'looks alike'
        else 'same ' || id_types.id_type
    end,
    id_types.rule_version, id_types.confidence, winner, loser
from in_merged
inner join persons as losers on loser = losers.person
inner join persons as winners on winner = winners.person
left join rules.identity_id_types as id_types on in_merged.kind = id_types.priority
union all
select distinct
    'split', persons.person_id, coalesce(owners.person_id, minted.person_id),
    'evidence no longer joins them', null, null, in_moved.person, in_moved.label
from in_moved
inner join persons using (person)
inner join in_labelled on in_moved.label = in_labelled.record
left join persons as owners on in_labelled.owner = owners.person
left join minted on if(in_labelled.owner < 0, in_moved.label, -1) = minted.label
union all
select 'erased', person_id, null, 'no records left', null, null, person, 0
from persons inner join in_gone using (person)
"""

_INSERT_EVENTS = """
insert into state.merge_events
select
    (select coalesce(max(event_number), 0) from state.merge_events)
        + row_number() over (order by event, place, other_place),
    event, person_id, other_person_id, getvariable('run_at'), rule, rule_version, confidence,
    getvariable('run_id')
from new_events
"""

_PEOPLE = (
    """
    update state.people set status = 'merged'
    where person_number in (
        select person_number from persons inner join in_merged on person = loser)
    """,
    """
    update state.people set status = 'gone'
    where person_number in (select person_number from persons inner join in_gone using (person))
    """,
    """
    update state.people set status = 'live'
    where person_number in (select person_number from borne)
    """,
    "delete from state.aliases where alias_id in (select person_id from minted)",
    """
    insert into state.people
    select
        person_id, 'live', source, record_type, record_id, _load_id, _line,
        getvariable('run_at'), getvariable('run_id'), person_number
    from minted
    anti join borne using (person_id)
    """,
    """
    insert into state.aliases
    select other_person_id, person_id, getvariable('run_at'), getvariable('run_id')
    from new_events where event = 'merged'
    """,
)
