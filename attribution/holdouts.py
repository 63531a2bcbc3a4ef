"""Loading who was assigned to which arm of an experiment, from a file, all of it or nothing."""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any, NamedTuple

import duckdb
import pyarrow as pa

from attribution import state
from attribution.errors import HoldoutsRefused
from identity.lookup import require_resolved
from warehouse.connection import transaction

Period = tuple[date, date]
ARMS = ("treatment", "holdout")
REQUIRED = ("experiment", "channel", "starts_on", "ends_on", "arm")
RECORD = ("source", "record_type", "record_id")
COLUMNS = (*REQUIRED, *RECORD, "person_id")
WRONG_WIDTH = "not as many fields as the header"
NOBODY = "names neither a record nor a person"


class Assignment(NamedTuple):
    """One line of the file: a record or a person, in one arm of one experiment in one channel."""

    line: int
    experiment: str
    channel: str
    starts_on: date
    ends_on: date
    arm: str
    record: tuple[str, str, str] | None
    person_id: str | None


def load(
    con: duckdb.DuckDBPyConnection, lines: Iterable[str], now: datetime, *, dry_run: bool = False
) -> dict[str, Any]:
    """Write the assignments of a CSV into state.holdout_assignments; what is there stays as it is.

    `starts_on` and `ends_on` are days, both included, in UTC. Gives {"rows_in", "rows_loaded",
    "rows_rejected", "rejected": {reason: rows}, "new": assignments written, "people": {arm: people
    of the file's experiments, of earlier files too}, "in_both_arms": people left out, "dry_run"}.
    `dry_run` gives the same and writes nothing. Raises HoldoutsRefused for a file that contradicts
    itself, or what is stored; messages name lines, never people.
    """
    require_resolved(con)
    rows, rejected = parse(lines)
    contradictions(rows)
    _stage(con, rows)
    _known_channels(con, rows)
    _same_periods(con)
    reasons = con.execute(_REASONS).fetchall()
    rejected.update(dict(reasons))
    _same_arms(con)
    con.execute(_NEW)
    if not dry_run:
        with transaction(con):
            state.ensure(con)
            con.execute(_INSERT, [now])
    ((new,),) = con.execute("select count(*) from new_assignments").fetchall()
    arms = dict(con.execute(_ARMS).fetchall())
    refused = sum(rejected.values())
    loaded = len(rows) - sum(count for _, count in reasons)
    return {
        "rows_in": loaded + refused,
        "rows_loaded": loaded,
        "rows_rejected": refused,
        "rejected": dict(sorted(rejected.items())),
        "new": new,
        "people": {arm: arms.get(arm, 0) for arm in ARMS},
        "in_both_arms": arms.get("both", 0),
        "dry_run": dry_run,
    }


def parse(lines: Iterable[str]) -> tuple[list[Assignment], Counter[str]]:
    """The assignments of a CSV, and how many lines are none, by reason.

    Raises HoldoutsRefused for a header without the columns, an unknown arm or a date that is none.
    """
    reader = csv.reader(lines, strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        _check_header(header)
        rows, rejected = [], Counter[str]()
        for cells in reader:
            if not cells:
                continue
            if len(cells) != len(header):
                rejected[WRONG_WIDTH] += 1
                continue
            row = _assignment(
                reader.line_num, dict(zip(header, map(str.strip, cells), strict=True))
            )
            if row.record is None and row.person_id is None:
                rejected[NOBODY] += 1
            else:
                rows.append(row)
    except (csv.Error, UnicodeDecodeError) as error:
        kind = "UTF-8 text" if isinstance(error, UnicodeDecodeError) else "a CSV file"
        raise HoldoutsRefused(f"line {reader.line_num + 1}: expected {kind}") from None
    if not rows and not rejected:
        raise HoldoutsRefused("expected assignments under the header, found none")
    return rows, rejected


def _check_header(header: list[str]) -> None:
    missing = [name for name in REQUIRED if name not in header]
    has_record = all(name in header for name in RECORD)
    if missing or len(set(header)) != len(header) or not (has_record or "person_id" in header):
        raise HoldoutsRefused(
            f"expected the columns {', '.join(REQUIRED)}, each once, and either person_id or "
            f"{', '.join(RECORD)}, got a header without them"
            + (f" (missing: {', '.join(missing)})" if missing else "")
        )


def _assignment(line: int, cells: dict[str, str]) -> Assignment:
    if not cells["experiment"] or not cells["channel"]:
        raise HoldoutsRefused(f"line {line}: expected an experiment and a channel, found none")
    if cells["arm"] not in ARMS:
        raise HoldoutsRefused(f"line {line}: expected the arm {' or '.join(ARMS)}, got another")
    starts_on, ends_on = (_day(line, cells[name], name) for name in ("starts_on", "ends_on"))
    if starts_on > ends_on:
        raise HoldoutsRefused(f"line {line}: expected starts_on up to ends_on, got a later day")
    record = tuple(cells.get(name, "") for name in RECORD)
    return Assignment(
        line, cells["experiment"], cells["channel"], starts_on, ends_on, cells["arm"],
        (record[0], record[1], record[2]) if all(record) else None, cells.get("person_id") or None,
    )  # fmt: skip


def _day(line: int, text: str, column: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        message = f"line {line}: expected a day such as 2026-05-03 as {column}, got something else"
        raise HoldoutsRefused(message) from None


def contradictions(rows: Iterable[Assignment]) -> None:
    """Raise HoldoutsRefused for periods of an experiment that overlap or are not everyone's, and
    for a record or person of two arms.

    Two records in different arms that are one person are no contradiction: they may have been two
    when they were assigned.
    """
    periods: dict[tuple[str, str], dict[Period, int]] = {}
    named: dict[tuple[Any, ...], tuple[Assignment, set[Period]]] = {}
    for row in rows:
        key, period = (row.experiment, row.channel), (row.starts_on, row.ends_on)
        periods.setdefault(key, {}).setdefault(period, row.line)
        for name in (row.record, row.person_id):
            if name is None:
                continue
            first, seen = named.setdefault((*key, name), (row, set()))
            seen.add(period)
            if first.arm != row.arm:
                raise HoldoutsRefused(
                    f"lines {first.line} and {row.line}: expected one arm for the same record or "
                    "person in an experiment and channel, got both"
                )
    for of_one in periods.values():
        for before, after in pairwise(sorted(of_one)):
            if after[0] <= before[1]:
                raise HoldoutsRefused(
                    f"lines {of_one[before]} and {of_one[after]}: expected periods of one "
                    "experiment and channel that do not overlap, got two that do"
                )
    for (experiment, channel, _), (first, seen) in named.items():
        if len(seen) < len(periods[experiment, channel]):
            raise HoldoutsRefused(
                f"line {first.line}: expected the record or person in every period of the "
                "experiment and channel, got fewer; other people are an experiment of their own"
            )


def _stage(con: duckdb.DuckDBPyConnection, rows: list[Assignment]) -> None:
    """Leave temp tables `resolved` (the file's rows and their people) and `stored`."""
    midnight = datetime.min.time()
    records = [row.record or (None, None, None) for row in rows]
    table = pa.table({
        "line": pa.array([row.line for row in rows], pa.int64()),
        "experiment": pa.array([row.experiment for row in rows], pa.string()),
        "channel": pa.array([row.channel for row in rows], pa.string()),
        "arm": pa.array([row.arm for row in rows], pa.string()),
        "starts_at": pa.array(
            [datetime.combine(row.starts_on, midnight) for row in rows], pa.timestamp("us")
        ),
        "ends_at": pa.array(
            [datetime.combine(row.ends_on + timedelta(days=1), midnight) for row in rows],
            pa.timestamp("us"),
        ),
        **{
            name: pa.array([record[place] for record in records], pa.string())
            for place, name in enumerate(RECORD)
        },
        "named_person": pa.array([row.person_id for row in rows], pa.string()),
    })  # fmt: skip
    con.register("holdout_file", table)
    con.execute(_RESOLVED)
    con.unregister("holdout_file")
    found = con.execute(
        "select 1 from information_schema.tables "
        "where table_schema = 'state' and table_name = 'holdout_assignments'"
    ).fetchone()
    con.execute(_STORED if found else _NOTHING_STORED)


def _known_channels(con: duckdb.DuckDBPyConnection, rows: Iterable[Assignment]) -> None:
    known = {channel for (channel,) in con.execute("select channel from rules.channels").fetchall()}
    for row in rows:
        if row.channel not in known:
            raise HoldoutsRefused(
                f"line {row.line}: expected a channel of seeds/rules/channels.csv, got another"
            )


def _same_periods(con: duckdb.DuckDBPyConnection) -> None:
    line = next(_lines(con, _OTHER_PERIODS), None)
    if line is not None:
        raise HoldoutsRefused(
            f"line {line}: expected the periods that this experiment and channel already have, all "
            "of them, got others; give another period an experiment of its own"
        )


def _same_arms(con: duckdb.DuckDBPyConnection) -> None:
    line = next(_lines(con, _OTHER_ARM), None)
    if line is not None:
        raise HoldoutsRefused(
            f"line {line}: expected the arm that this person already has in the experiment and "
            "channel, got the other; arms are drawn once"
        )


def _lines(con: duckdb.DuckDBPyConnection, sql: str) -> Iterator[int]:
    yield from (line for (line,) in con.execute(f"{sql} order by 1 limit 1").fetchall())


_RESOLVED = """
create or replace temp table resolved as
select
    assigned.*, records.person_id as record_person, people.person_id as today_person,
    case
        when assigned.record_id is not null and records.person_id is null then 'unknown record'
        when assigned.named_person is null then null
        when named.person_id is null then 'unknown person'
        when people.person_id is null then 'person without records'
        when records.person_id <> people.person_id then 'record and person are not the same'
    end as reason,
    coalesce(records.person_id, people.person_id) as person_id
from holdout_file as assigned
left join identity.person_records as records
    on assigned.source = records.source and assigned.record_type = records.record_type
    and assigned.record_id = records.record_id
left join identity.aliases as aliases on assigned.named_person = aliases.alias_id
left join state.people as named on assigned.named_person = named.person_id
left join state.people as people
    on coalesce(aliases.person_id, assigned.named_person) = people.person_id
    and people.status = 'live'
"""

_STORED = """
create or replace temp table stored as
select
    known.* replace (coalesce(aliases.person_id, known.person_id) as person_id),
    known.person_id as assigned_person
from state.holdout_assignments as known
left join identity.aliases as aliases on known.person_id = aliases.alias_id
"""

_NOTHING_STORED = """
create or replace temp table stored (
    experiment varchar, channel varchar, person_id varchar, arm varchar, starts_at timestamp,
    ends_at timestamp, assigned_person varchar)
"""

_REASONS = "select reason, count(*) from resolved where reason is not null group by reason"

_OTHER_PERIODS = """
with known as (
    select experiment, channel, list_sort(list(distinct (starts_at, ends_at))) as periods
    from stored group by all
),
told as (
    select experiment, channel, list_sort(list(distinct (starts_at, ends_at))) as periods,
        min(line) as line
    from resolved group by all
)
select line from told inner join known using (experiment, channel)
where told.periods <> known.periods
"""

# A record says nothing of earlier assignments, which may have been another record's of one person.
_OTHER_ARM = """
select resolved.line from resolved inner join stored using (experiment, channel)
where reason is null and resolved.named_person = stored.assigned_person
    and resolved.arm <> stored.arm
    and not exists (
        from stored as same
        where same.experiment = resolved.experiment and same.channel = resolved.channel
            and same.assigned_person = resolved.named_person and same.arm = resolved.arm)
"""

_NEW = """
create or replace temp table new_assignments as
select distinct experiment, channel, person_id, arm, starts_at, ends_at
from resolved
where reason is null and (experiment, channel, person_id, arm, starts_at) not in (
    select experiment, channel, person_id, arm, starts_at from stored)
"""

_INSERT = """
insert into state.holdout_assignments by name
select *, ?::timestamp as assigned_at from new_assignments order by all
"""

_ARMS = """
select arm, count(*) from (
    select if(count(distinct arm) > 1, 'both', min(arm)) as arm
    from (
        select experiment, channel, person_id, arm from stored
        semi join resolved using (experiment, channel)
        union
        select experiment, channel, person_id, arm from new_assignments)
    group by experiment, channel, person_id)
group by arm
"""
