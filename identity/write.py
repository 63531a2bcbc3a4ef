"""Writing a decision: only what differs from what is known, set by set."""

from dataclasses import asdict, dataclass
from datetime import datetime

import duckdb
import numpy as np
from numpy.typing import NDArray

from identity.arrays import one, set_variables
from identity.limits import Ints, Refusal
from identity.naming import Naming
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
    refused a join). `everything`: all records are in scope, not only the touched.
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
    _refused(con, decision, everything)
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
        "new": {"label": new, "record": naming.eldest[new], "had_people": had_people[new]},
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
    'p_' || left(sha256(concat_ws(chr(31), source, record_type, record_id)), 16) as person_id
from in_new inner join scope_records using (record)
"""

_CLASH = """
create or replace temp table clashing as
select label from minted
where person_id in (select person_id from state.people where status = 'live')
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


def _mint(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(_MINT)
    con.execute(_CLASH)
    while one(con, "select count(*) from clashing"):
        con.execute(_SALT)
        con.execute(_CLASH)


_ASSIGNED = """
select
    in_labelled.record, in_labelled.record_hash, in_labelled.component,
    coalesce(persons.person_id, minted.person_id) as person_id
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
    assigned.component, assigned.person_id, known.person_id as former_person_id, known.since_run,
    assigned.person_id is distinct from known.person_id as is_moved
from assigned full join known_records as known using (record_hash)
where assigned.person_id is distinct from known.person_id
    or assigned.component is distinct from known.component
"""

_RECORDS = (
    """
    insert into state.former_person_records
    select
        source, record_type, record_id, person_id, record_hash, since_run,
        getvariable('run_number')
    from state.person_records
    where record_hash in (select record_hash from replaced where is_moved)
    """,
    """
    delete from state.person_records
    where record_hash in (
        select record_hash from replaced where former_person_id is not null)
    """,
    """
    insert into state.person_records
    select
        source, record_type, record_id, person_id, replaced.record_hash, component,
        if(is_moved, getvariable('run_number'), since_run)
    from replaced inner join scope_records using (record)
    """,
)

_FIRST_RECORDS = f"""
insert into state.person_records
select
    source, record_type, record_id, person_id, assigned.record_hash, component,
    getvariable('run_number')
from ({_ASSIGNED}) as assigned inner join scope_records using (record)
"""


def _records(con: duckdb.DuckDBPyConnection) -> int:
    """Write who is whose; how many records are new, moved or gone."""
    if not one(con, "select count(*) from state.person_records"):
        con.execute(_FIRST_RECORDS)
        return int(one(con, "select count(*) from state.person_records"))
    con.execute(_REPLACED)
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
    where person_id in (select other_person_id from new_events where event = 'merged')
    """,
    """
    update state.people set status = 'gone'
    where person_id in (select person_id from new_events where event = 'erased')
    """,
    """
    update state.people set status = 'live'
    where status != 'live' and person_id in (select person_id from minted)
    """,
    "delete from state.aliases where alias_id in (select person_id from minted)",
    """
    insert into state.people
    select
        person_id, 'live', source, record_type, record_id, _load_id, _line,
        getvariable('run_at'), getvariable('run_id')
    from minted
    anti join state.people using (person_id)
    """,
    """
    insert into state.aliases
    select other_person_id, person_id, getvariable('run_at'), getvariable('run_id')
    from new_events where event = 'merged'
    """,
)

_REFUSING = """
insert into refusing
select
    value_hash, mine.record_hash, theirs.record_hash,
    coalesce(id_types.id_type, 'split ' || (in_refusals.kind - 1000)),
    in_refusals."limit", in_refusals.would_be, in_refusals.record, in_refusals.other
from in_refusals
inner join part_values using (value)
inner join scope_records as mine on in_refusals.record = mine.record
inner join scope_records as theirs on in_refusals.other = theirs.record
left join rules.identity_id_types as id_types on in_refusals.kind = id_types.priority
"""

_REFUSING_SIMILAR = """
insert into refusing
select
    hash('similar', '', ''), mine.record_hash, theirs.record_hash,
    limit_id_type, limit_value, would_be, in_similar.record, in_similar.other
from in_similar
inner join scope_records as mine on in_similar.record = mine.record
inner join scope_records as theirs on in_similar.other = theirs.record
"""

_NOT_REFUSING = """
create or replace temp table refusing (
    value_hash ubigint, record_hash ubigint, other_hash ubigint,
    limit_id_type varchar, limit_value integer, would_be integer, record integer, other integer)
"""

# What is known is compared by hashes, so that only what is refused anew costs reading its text.
_KEYS = "value_hash, record_hash, other_hash, limit_id_type, would_be"

_KNOWN = """
create or replace temp table known_refusals as
select
    rowid as place, limit_id_type, would_be, hash(id_type, id_value, scope) as value_hash,
    hash(source, record_type, record_id) as record_hash,
    hash(other_source, other_record_type, other_record_id) as other_hash
from state.refused_merges
"""

_TAKE_BACK = f"""
delete from state.refused_merges
where rowid in (
    select place from known_refusals anti join refusing using ({_KEYS}) where {{scope}})
"""

_NEWLY = f"""
create or replace temp table newly_refused as
from refusing anti join known_refusals using ({_KEYS})
"""

# One row tells what a value says, by preference a late one: what is refused anew is mostly new, and
# rows close together are read without the rest of the column.
_TEXTS = """
create or replace temp table refused_texts as
select value_hash, id_type, id_value, scope
from identity.int_identity__links
where rowid in (
    select max(rowid) from identity.int_identity__links
    where value_hash in ({named}) group by value_hash)
union all
select hash('override', override_number::varchar, ''), 'override', override_number::varchar, ''
from state.identity_overrides
union all
select hash('similar', '', ''), 'similar', '', ''
"""

_REFUSE = """
insert into state.refused_merges
select
    texts.id_type, texts.id_value, texts.scope, mine.source, mine.record_type, mine.record_id,
    theirs.source, theirs.record_type, theirs.record_id,
    limit_id_type, limit_value, would_be, getvariable('run_at'), getvariable('run_id')
from newly_refused
inner join refused_texts as texts using (value_hash)
inner join scope_records as mine on newly_refused.record = mine.record
inner join scope_records as theirs on newly_refused.other = theirs.record
"""


def _refused(con: duckdb.DuckDBPyConnection, decision: Decision, everything: bool) -> None:
    """Write the refusals in scope that are new, take back those that are no more."""
    refused, similar = decision.refused, decision.similar_refused
    con.execute(_NOT_REFUSING)
    if refused:
        fields = ("value", "record", "other", "kind", "limit", "would_be")
        rows = {field: np.array([getattr(r, field) for r in refused], np.int32) for field in fields}
        con.register("in_refusals", rows)
        con.execute(_REFUSING)
        con.unregister("in_refusals")
    if similar:
        alike = [asdict(refusal) for refusal in similar]
        con.register("in_similar", {key: np.array([row[key] for row in alike]) for key in alike[0]})
        con.execute(_REFUSING_SIMILAR)
        con.unregister("in_similar")
    con.execute(_KNOWN)
    scope = "true" if everything else "record_hash in (from touched)"
    con.execute(_TAKE_BACK.format(scope=scope))
    con.execute(_NEWLY)
    hashes = con.execute("select distinct value_hash from newly_refused").fetchall()
    if hashes:
        con.execute(_TEXTS.format(named=", ".join(str(value_hash) for (value_hash,) in hashes)))
        con.execute(_REFUSE)
