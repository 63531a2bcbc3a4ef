"""Reading the records in scope into arrays: the graph, its parts, and what was known before."""

from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from identity.limits import UNDATED, Ints, Limit
from identity.resolve import SPLIT, Graph, Part, Sides

_WINDOWS = {"ever": None, "12 months": 365 * 86_400, "30 days": 30 * 86_400}


def read_stars(con: duckdb.DuckDBPyConnection) -> list[Ints]:
    """The star edges of the links in scope: the smallest record of a value and another of it.

    Leaves temp table `grouped`, a row per value.
    """
    con.execute(_GROUPED)
    return columns(con, _STARS)


def read_graph(con: duckdb.DuckDBPyConnection) -> Graph:
    """The star edges and values in scope as int32 arrays."""
    first, second = read_stars(con)
    value_first, value_kind, value_counts = columns(
        con, "select first_record, priority, (not is_shared)::integer from grouped"
    )
    return Graph(
        records=one(con, "select count(*) from scope_records"),
        first=first,
        second=second,
        value_first=value_first,
        value_kind=value_kind,
        value_counts=value_counts.astype(np.bool_),
        sides=_sides(con),
    )


def read_part(con: duckdb.DuckDBPyConnection, records: Ints) -> Part:
    """Every link among `records` (in order), which are numbered anew; leaves `part_values`."""
    con.register("in_part", pa.table({"record": records, "inner": np.arange(len(records))}))
    con.execute(_PART)
    con.unregister("in_part")
    record, value, seen = con.execute(
        "select record, value, coalesce(epoch(observed_at)::bigint, ?) from part_links", [UNDATED]
    ).to_arrow_table().columns  # fmt: skip
    kind, counts = columns(
        con, "select priority, (not is_shared)::integer from part_values order by value"
    )
    sides = _sides(con)
    mine = np.isin(sides.record, records)
    return Part(
        records=len(records),
        link_record=np.asarray(record, np.int32),
        link_value=np.asarray(value, np.int32),
        link_seen=np.asarray(seen, np.int64),
        value_kind=kind,
        value_counts=counts.astype(np.bool_),
        sides=Sides(
            np.searchsorted(records, sides.record[mine]).astype(np.int32),
            sides.kind[mine],
            sides.side[mine],
        ),
    )


def read_limits(con: duckdb.DuckDBPyConnection) -> dict[int, Limit]:
    """Per kind (priority), how many different values one person may hold, and in which window."""
    rows = con.execute(
        "select priority, max_per_person, limit_window from rules.identity_id_types "
        "where max_per_person is not null"
    ).fetchall()
    return {kind: Limit(most, _WINDOWS[window]) for kind, most, window in rows}


_GROUPED = """
create or replace temp table grouped as
select
    value_hash, min(record)::integer as first_record, min(priority)::integer as priority,
    bool_or(is_shared) as is_shared, count(*) as record_count
from scope_links group by value_hash
"""

_STARS = """
select grouped.first_record, scope_links.record::integer
from scope_links
inner join (select value_hash, first_record from grouped where record_count > 1) as grouped
    using (value_hash)
where scope_links.record != grouped.first_record
"""

# Values are tried in the order of the records that carry them, so their text need not be read.
_PART = """
create or replace temp table part_values as
select
    value_hash, min(priority) as priority, bool_or(is_shared) as is_shared,
    (row_number() over (
        order by min(priority), min(record), max(record), count(*), value_hash) - 1)::integer
        as value
from scope_links semi join in_part using (record)
group by value_hash;
create or replace temp table part_links as
select in_part.inner::integer as record, scope_links.observed_at, part_values.value
from scope_links
inner join in_part using (record)
inner join part_values using (value_hash);
"""


def _sides(con: duckdb.DuckDBPyConnection) -> Sides:
    """Who is on which side of the splits by hand."""
    record, number, side = columns(
        con,
        """
        select record, override_number, (side = 'out')::integer
        from state.identity_overrides
        inner join state.identity_override_records using (override_number)
        inner join scope_records using (record_hash)
        where action = 'split' and undone_at is null
        order by all
        """,
    )
    return Sides(record, (number + SPLIT).astype(np.int32), side)


def read_prior(
    con: duckdb.DuckDBPyConnection,
) -> tuple[NDArray[np.uint64], Ints, NDArray[np.int64], Ints]:
    """Per record its hash, prior person and place in the loads; per person the rank of minting.

    Leaves temp table `persons` (person_id, person): the living persons in scope, by their ids.
    """
    con.execute(_PERSONS)
    record_hash, prior, loaded = con.execute(_KNOWN).to_arrow_table().columns
    (person_rank,) = columns(
        con,
        """
        select row_number() over (
            order by load_id, line, source, record_type, record_id, people.person_id)
        from state.people inner join persons using (person_id)
        order by person
        """,
    )
    return (
        np.asarray(record_hash, np.uint64),
        np.asarray(prior, np.int32),
        np.asarray(loaded, np.int64),
        person_rank,
    )


_PERSONS = """
create or replace temp table known_records as
select record_hash, person_id from state.person_records
where record_hash in (select record_hash from scope_records union all from touched);
create or replace temp table persons as
select person_id, (row_number() over (order by person_id) - 1)::integer as person
from (select distinct person_id from known_records);
create or replace temp table load_order as
select _load_id, row_number() over (order by _load_id) as place
from (select distinct _load_id from scope_records)
"""

# A load has fewer than 2^36 lines.
_KNOWN = """
select
    scope_records.record_hash, coalesce(persons.person, -1),
    load_order.place << 36 | coalesce(scope_records._line, 0)
from scope_records
inner join load_order using (_load_id)
left join known_records using (record_hash)
left join persons using (person_id)
order by scope_records.record
"""


def columns(con: duckdb.DuckDBPyConnection, sql: str) -> list[Ints]:
    """The columns of a query as int32 arrays."""
    table = con.execute(sql).to_arrow_table()
    return [np.asarray(column.combine_chunks(), np.int32) for column in table.columns]


def one(con: duckdb.DuckDBPyConnection, sql: str) -> Any:
    """The only value of a query."""
    ((value,),) = con.execute(sql).fetchall()
    return value
