"""Reading the records in scope into arrays: the graph, its parts, and what was known before."""

from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from identity.arrays import columns, one, set_variables
from identity.limits import UNDATED, Ints, Limit
from identity.resolve import SPLIT, Graph, Part, Sides

_WINDOWS = {"ever": None, "12 months": 365 * 86_400, "30 days": 30 * 86_400}


def read_graph(con: duckdb.DuckDBPyConnection) -> Graph:
    """The links in scope as edges and values."""
    links: dict[str, Any] = con.execute(
        "select value_hash, record, priority::integer as kind, not is_shared as counts "
        "from scope_links"
    ).fetchnumpy()
    order, starts = by_value(links["value_hash"])
    record = links["record"][order]
    first_of_value = order[starts]
    first, second = edges(record, starts)
    return Graph(
        records=one(con, "select count(*) from scope_records"),
        first=first,
        second=second,
        value_first=np.minimum.reduceat(record, starts) if len(starts) else record,
        value_kind=links["kind"][first_of_value],
        value_counts=links["counts"][first_of_value],
        sides=read_sides(con),
    )


def by_value(value_hash: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The order that brings the links of a value together, and where each value starts in it.

    NumPy sorts numbers several times faster than it finds the order of them. So the top bits of
    each hash are sorted with the link's number in place of the others; what these bits take for
    one value and is several (one in millions) is put in order after that.
    """
    bits = np.uint64(max(len(value_hash) - 1, 1).bit_length())
    low = (np.uint64(1) << bits) - np.uint64(1)
    keys = np.arange(len(value_hash), dtype=np.uint64)
    ordered = value_hash & ~low
    keys |= ordered
    keys.sort()
    keys &= low
    order = keys.view(np.int64)
    value_hash.take(order, out=ordered, mode="clip")
    difference = ordered[1:] ^ ordered[:-1]
    mixed = np.unique(ordered[1:][(difference > 0) & (difference <= low)] >> bits)
    if len(mixed):
        tops = ordered >> bits
        ends = (np.searchsorted(tops, mixed, side).tolist() for side in ("left", "right"))
        places = np.concatenate([np.arange(*pair) for pair in zip(*ends, strict=True)])
        order[places] = order[places][np.argsort(ordered[places], kind="stable")]
        ordered[places] = value_hash[order[places]]
        difference = ordered[1:] ^ ordered[:-1]
    is_start = np.ones(len(ordered), np.bool_)
    is_start[1:] = difference > 0
    return order, np.flatnonzero(is_start)


def edges(record: Ints, starts: NDArray[np.int64]) -> tuple[Ints, Ints]:
    """From each record of a value to the next; `record` in the order of `by_value`."""
    is_next = np.ones(len(record), np.bool_)
    is_next[starts] = False
    following = np.flatnonzero(is_next)
    return record[following - 1], record[following]


def read_part(con: duckdb.DuckDBPyConnection, records: Ints) -> Part:
    """Every link among `records` (in order), which are numbered anew; leaves `part_values`."""
    con.register("in_part", {"record": records, "inner": np.arange(len(records))})
    con.execute(_PART)
    con.unregister("in_part")
    links: dict[str, Any] = con.execute(
        f"select record, value, coalesce(epoch(observed_at)::bigint, {UNDATED}) as seen "
        "from part_links"
    ).fetchnumpy()
    kind, counts = columns(
        con, "select priority, (not is_shared)::integer from part_values order by value"
    )
    sides = read_sides(con)
    mine = np.isin(sides.record, records)
    return Part(
        records=len(records),
        link_record=links["record"],
        link_value=links["value"],
        link_seen=links["seen"],
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


def read_sides(con: duckdb.DuckDBPyConnection) -> Sides:
    """Who is on which side of the splits by hand."""
    if not one(con, "select count(*) from state.identity_overrides"):
        none = np.empty(0, np.int32)
        return Sides(none, none, none)
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

    Leaves temp table `persons` (person_id, person_number, person, minted): the living persons in
    scope, numbered by their ids; and variable `last_person_number`, -1 where nobody is known.
    """
    last = one(con, "select coalesce(max(person_number), -1) from state.people")
    set_variables(con, last_person_number=last)
    con.execute(_PERSONS.format(last=max(last, 0)))
    known: dict[str, Any] = con.execute(_KNOWN).fetchnumpy()
    (person_rank,) = columns(con, "select minted from persons order by person")
    return (
        known["record_hash"],
        known["prior"],
        known["loaded"],
        person_rank,
    )


# A bitmap, because a join would read the texts of all people first.
_PERSONS = """
set variable person_bits = (
    select bitstring_agg(person_number, 0, {last}) from known_records);
create or replace temp table persons as
select
    person_id, person_number,
    (row_number() over (order by person_id) - 1)::integer as person,
    row_number() over (
        order by load_id, line, source, record_type, record_id, person_id) as minted
from state.people where get_bit(getvariable('person_bits'), person_number) = 1;
create or replace temp table load_order as
select _load_id, row_number() over (order by _load_id) as place
from (select distinct _load_id from scope_records)
"""

# A load has fewer than 2^36 lines.
_KNOWN = """
select
    scope_records.record_hash, coalesce(persons.person, -1) as prior,
    load_order.place << 36 | coalesce(scope_records._line, 0) as loaded
from scope_records
inner join load_order using (_load_id)
left join known_records using (record_hash)
left join persons using (person_number)
order by scope_records.record
"""
