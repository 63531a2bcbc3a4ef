"""What the evidence says anew, and which records that touches.

Every run compares the links that dbt built with the log `state.edges` and adds what is new or gone
to it. Comparing costs the size of the change: links of loads not seen before, and one checksum
over all links that proves nothing else changed. Where it does not prove it, the records and values
they touch are compared too, and where that is not enough (a row vanished, a rule changed) all.
"""

from dataclasses import dataclass
from typing import Any

import duckdb

from identity.arrays import set_variables

LINKS = "identity.int_identity__links"
RECORDS = "identity.int_identity__records"


@dataclass(frozen=True)
class Change:
    """Links and their checksum now, the checksum of the records; how many links were observed anew
    and withdrawn by this run."""

    links: int
    links_sum: str
    records_sum: str
    last_load_id: str
    observed: int
    withdrawn: int

    @property
    def is_new(self) -> bool:
        """Whether the evidence differs from that of the run before."""
        return bool(self.observed or self.withdrawn)


def observe(con: duckdb.DuckDBPyConnection, run_number: int) -> Change:
    """Add to `state.edges` what changed since the run before, within the caller's transaction.

    Leaves temp table `delta` (record_hash, value_hash): the links observed or withdrawn; empty in
    the first run of all, where everything is.
    """
    links, links_sum = _row(con, _NOW)
    (records_sum,) = _row(con, _RECORDS_NOW)
    (last,) = _row(con, _LAST_LOAD)
    known = con.execute(_BEFORE).fetchone()
    set_variables(con, run_number=run_number, next_load_id=next_load_id(known[2] if known else ""))
    con.execute(_NO_DELTA)
    if known is None:
        con.execute(_OBSERVE_ALL)
        return Change(links, links_sum, records_sum, last, links, 0)
    if (links, links_sum) == known[:2]:
        return Change(links, links_sum, records_sum, last, 0, 0)
    for compared in (_ONLY_FRESH, _NEAR, _EVERYWHERE):
        con.execute(compared)
        added, gone, difference = _row(con, _DIFFERENCE)
        if (known[0] + added - gone, int(known[1]) + int(difference)) == (links, int(links_sum)):
            break
    con.execute(_LOG_FRESH if compared is _ONLY_FRESH else _LOG_FRESH_DELTA)
    if _row(con, _LOGGED) != (added,):
        con.execute(_LOG_REST)
    if gone:
        con.execute(_LOG_GONE)
    return Change(links, links_sum, records_sum, last, added, gone)


def touch(con: duckdb.DuckDBPyConnection, change: Change) -> int:
    """Which records `delta` and the overrides since the last run touch: temp table `touched`.

    A record is touched with everything that evidence connects it to, before or now. `known_records`
    are those of them that have a person, `touched_records` those that there are. Returns how many
    are touched.
    """
    con.execute(_SEEDS)
    con.execute(_TOUCH)
    if not _all_seen(con, change):
        con.execute(_STRAYS)
        con.execute(_TOUCH)
    return int(_row(con, "select count(*) from touched")[0])


def _all_seen(con: duckdb.DuckDBPyConnection, change: Change) -> bool:
    """Whether the records that are not touched are those known before that are not.

    Records without links leave no trace in `delta`.
    """
    before, before_sum = _row(con, _RECORDS_BEFORE)
    if before_sum is None:
        (before_sum,) = _row(con, _RECORDS_KNOWN)
    now, touched, touched_sum, known, known_sum = _row(con, _TOUCHED)
    left = (now - touched, int(change.records_sum) - int(touched_sum))
    return left == (before - known, int(before_sum) - int(known_sum))


def next_load_id(last: str) -> str:
    """The least id that a load after `last` can have.

    Ids begin with the load's number in eight digits, and these DuckDB knows of each group of rows:
    it skips the groups that end before. `last` may be empty, or made by another rule.
    """
    number = last[:8]
    return f"{int(number) + 1:08d}" if len(number) == 8 and number.isdecimal() else last + "\1"


def narrow(con: duckdb.DuckDBPyConnection, everything: bool) -> None:
    """Make `scope_records` and `scope_links`: the touched records, or all, numbered 0 … n-1.

    The numbers follow the order of the keys in either case. `known_records` are all of the known,
    where all are in scope.
    """
    con.execute(_SCOPE_ALL if everything else _SCOPE_TOUCHED)


def _row(con: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    (row,) = con.execute(sql).fetchall()
    return tuple(row)


# A sum of halves: DuckDB takes longer over numbers of 64 bits.
_SUM = (
    "coalesce(sum(({hash} >> 32)::bigint)::hugeint * 4294967296 "
    "+ sum(({hash} & 4294967295)::bigint), 0)::varchar"
)

_NOW = f"select count(*), {_SUM.format(hash='link_hash')} from {LINKS}"

_RECORDS_NOW = f"select {_SUM.format(hash='record_hash')} from {RECORDS}"

# Alone it is answered from what DuckDB knows of the column.
_LAST_LOAD = f"select coalesce(max(_load_id), '') from {LINKS}"

_BEFORE = """
select links, links_sum, last_load_id from state.identity_runs
order by run_number desc limit 1
"""

_NO_DELTA = """
create or replace temp table delta (
    is_observed boolean, link_hash ubigint, record_hash ubigint, value_hash ubigint);
create or replace temp table touched (record_hash ubigint);
create or replace temp table known_records as
select record_hash, person_number, component, since_run from state.person_records limit 0;
"""

_COLUMNS = """
    link_hash, record_hash, value_hash, id_type, id_value, scope,
    rule, rule_version, confidence, is_linking, observed_at, _load_id, _file, _line
"""

_OBSERVE_ALL = f"""
insert into state.edges
select getvariable('run_number'), true, {_COLUMNS} from {LINKS}
"""

_ONLY_FRESH = f"""
create or replace temp table delta as
select distinct true as is_observed, link_hash, record_hash, value_hash
from {LINKS} where _load_id >= getvariable('next_load_id')
"""

_COMPARE = """
create or replace temp table delta as
select true as is_observed, link_hash, record_hash, value_hash
from now anti join before using (link_hash)
union all
select false, link_hash, record_hash, value_hash
from before anti join now using (link_hash)
"""

# `delta` holds what is fresh. A value that becomes shared links under other scopes than before: its
# plain form is near too.
_NEAR = f"""
create or replace temp table near as
select record_hash from delta
union
select record_hash from state.edges
where value_hash in (
    select value_hash from delta
    union
    select hash(id_type, id_value, '') from {LINKS}
    where _load_id >= getvariable('next_load_id'));
create or replace temp table before as
select link_hash, record_hash, value_hash from state.edges
where record_hash in (from near)
qualify row_number() over (partition by link_hash order by run_number desc) = 1
    and is_observed;
create or replace temp table now as
select link_hash, record_hash, value_hash from {LINKS}
where record_hash in (from near);
{_COMPARE}
"""

_EVERYWHERE = f"""
create or replace temp table before as
select link_hash, record_hash, value_hash from state.edges
qualify row_number() over (partition by link_hash order by run_number desc) = 1
    and is_observed;
create or replace temp table now as
select link_hash, record_hash, value_hash from {LINKS};
{_COMPARE}
"""

_DIFFERENCE = """
select
    count(*) filter (where is_observed),
    count(*) filter (where not is_observed),
    coalesce(sum(if(is_observed, link_hash::hugeint, -link_hash::hugeint)), 0)::varchar
from delta
"""

# What is new mostly came with new loads, and reading only their rows costs the size of the change.
_LOG_FRESH = f"""
insert into state.edges
select getvariable('run_number'), true, {_COLUMNS} from {LINKS}
where _load_id >= getvariable('next_load_id')
"""

_LOG_FRESH_DELTA = f"""
{_LOG_FRESH}
    and link_hash in (select link_hash from delta where is_observed)
"""

_LOGGED = "select count(*) from state.edges where run_number = getvariable('run_number')"

_LOG_REST = f"""
insert into state.edges
select getvariable('run_number'), true, {_COLUMNS} from {LINKS}
where link_hash in (
    select link_hash from delta where is_observed
    except
    select link_hash from state.edges where run_number = getvariable('run_number'))
"""

_LOG_GONE = f"""
insert into state.edges
select getvariable('run_number'), false, {_COLUMNS} from state.edges
where link_hash in (select link_hash from delta where not is_observed)
qualify row_number() over (partition by link_hash order by run_number desc) = 1
"""

_SEEDS = f"""
create or replace temp table seeds as
select record_hash from delta
union
select record_hash from {RECORDS} where _load_id >= getvariable('next_load_id')
union
select record_hash from {RECORDS}
where record_index in (
    select record_index from {LINKS}
    where is_linking and value_hash in (select value_hash from delta where is_observed))
union
select record_hash from similar_seeds
union
select record_hash
from state.identity_override_records
inner join state.identity_overrides using (override_number)
where applied_run is null or (undone_at is not null and undone_run is null)
"""

_RECORDS_BEFORE = """
select records, records_sum from state.identity_runs order by run_number desc limit 1
"""

# Where the run before left no sum.
_RECORDS_KNOWN = f"select {_SUM.format(hash='record_hash')} from state.person_records"

_TOUCHED = f"""
select
    (select count(*) from {RECORDS}),
    (select count(*) from touched_records),
    (select {_SUM.format(hash="record_hash")} from touched_records),
    (select count(*) from known_records),
    (select {_SUM.format(hash="record_hash")} from known_records)
"""

_STRAYS = f"""
insert into seeds
select record_hash from {RECORDS} anti join state.person_records using (record_hash)
union
select record_hash from state.person_records anti join {RECORDS} using (record_hash)
"""

# DuckDB reads every column of a row before it joins, but none of a row that a filter drops. So a
# bitmap of the first 20 bits of the hashes saves the texts of most records.
_TOP_BITS = "record_hash >> 44"

_TOUCH = f"""
create or replace temp table known_records as
select record_hash, person_number, component, since_run from state.person_records
where component in (
    select component from state.person_records where record_hash in (from seeds));
create or replace temp table touched as
select record_hash from seeds union select record_hash from known_records;
set variable touched_bits = (
    select bitstring_agg(({_TOP_BITS})::bigint, 0, 1048575) from touched);
create or replace temp table touched_records as
select
    (row_number() over (order by record_index) - 1)::integer as record,
    record_hash, record_index, source, record_type, record_id, _load_id, _line
from {RECORDS}
where get_bit(getvariable('touched_bits'), ({_TOP_BITS})::integer) = 1
    and record_hash in (from touched);
"""

_OVERRIDES = """
select
    scope_records.record, hash('override', overrides.override_number::varchar, '') as value_hash,
    0 as priority, true as is_shared, overrides.made_at as observed_at, null as place
from state.identity_overrides as overrides
inner join state.identity_override_records using (override_number)
inner join scope_records using (record_hash)
where overrides.action = 'merge' and overrides.undone_at is null
"""

_SCOPE_ALL = f"""
create or replace temp table known_records as
select record_hash, person_number, component, since_run from state.person_records;
create or replace temp view scope_records as
select record_index as record, record_hash, source, record_type, record_id, _load_id, _line
from {RECORDS};
create or replace temp view scope_links as
select record_index as record, value_hash, priority, is_shared, observed_at, rowid as place
from {LINKS} where is_linking
union all
{_OVERRIDES};
"""

_SCOPE_TOUCHED = f"""
create or replace temp view scope_records as from touched_records;
create or replace temp table touched_links as
select
    touched_records.record, links.value_hash, links.priority, links.is_shared, links.observed_at,
    links.rowid as place
from {LINKS} as links inner join touched_records using (record_index)
where links.is_linking
union all
{_OVERRIDES};
create or replace temp view scope_links as from touched_links;
"""
