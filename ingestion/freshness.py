"""How old is the newest thing that each source told us, and is that too old?

The limits are the `freshness` of the source's YAML, the events are found by the `event_column` that
each table declares, and the clock is the run's `as_of`, never the wall clock.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from ingestion.limits import Period
from ingestion.sources import Table, read_tables
from warehouse.connection import transaction

DDL = """
create table if not exists state.source_freshness (
    source varchar, files bigint, last_event_at timestamp, age_days double,
    warn_after_days double, error_after_days double, status varchar, as_of timestamp
)
"""
COLUMNS = "source, files, last_event_at, age_days, warn_after_days, error_after_days, status, as_of"
_STATUS = """
    case
        when files = 0 then 'absent'
        when warn_after_days is null and error_after_days is null then 'not judged'
        when age_days is null then 'unknown'
        when age_days > error_after_days then 'stale'
        when age_days > warn_after_days then 'late'
        else 'fresh'
    end
"""


def judged(measured: str, as_of: str) -> str:
    """SQL: one row per source of `measured`, with its age and status at the SQL timestamp `as_of`.

    status: absent (no file ever landed), fresh, late (older than warn_after), stale (older than
    error_after), unknown (files, but no event up to the clock that can be read), not judged (the
    YAML sets no limit).
    """
    age = f"date_diff('second', last_event_at, {as_of}) / 86400.0"
    return f"""
        select source, files, last_event_at, age_days, warn_after_days, error_after_days,
            {_STATUS} as status, {as_of} as as_of
        from (
            select source, files, last_event_at, {age} as age_days,
                warn_after_days, error_after_days
            from {measured}
        ) as aged
    """


def moments(
    con: duckdb.DuckDBPyConnection, tables: Sequence[Table], until: str = "null"
) -> str | None:
    """SQL: the newest event (source, moment) of each table landed, up to the timestamp `until`.

    Understands ISO timestamps, epoch milliseconds and (up to the year 2100) microseconds, and the
    table's `event_formats`; what is none of these is left out. None where no table is there yet.
    """
    present = {
        f"{schema}.{table}"
        for schema, table in con.execute(
            "select table_schema, table_name from information_schema.tables"
        ).fetchall()
    }
    selects = [
        f"select '{t.source}' as source, max(moment) as moment "
        f"from (select {_moment(t)} as moment from raw_{t.source}.{t.name}) as events "
        f"where coalesce(moment <= {until}, {until} is null)"
        for t in tables
        if f"raw_{t.source}.{t.name}" in present
    ]
    return " union all ".join(selects) or None


def _moment(table: Table) -> str:
    column = '"' + table.event_column.replace('"', '""') + '"'
    formats = ", ".join("'" + f.replace("'", "''") + "'" for f in table.event_formats)
    return (
        f"coalesce({_epoch(column)}, try_cast({column} as timestamptz) at time zone 'UTC'"
        + (f", try_strptime({column}, [{formats}])" if formats else "")
        + ")"
    )


def _epoch(column: str) -> str:
    """SQL: a whole number as the moment it means; 10^14 are milliseconds of the year 5138."""
    number = f"try_cast({column} as bigint)"
    return (
        f"case when {number} < 100000000000000 then try(epoch_ms({number})) "
        f"when {number} < 4102444800000000 then make_timestamp({number}) end"
    )


def ages(con: duckdb.DuckDBPyConnection, as_of: str | None) -> list[dict[str, Any]]:
    """One row per declared source, by name, with the columns of `COLUMNS`.

    `as_of` is the run's clock; without one nothing has an age, and what has files is unknown.
    """
    cursor = con.execute(_query(con, as_of))
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def shown(row: Mapping[str, Any] | None) -> tuple[str, str, str]:
    """Last event, age and status of one source as text; blanks where nothing is known of it."""
    if row is None:
        return "", "", ""
    last, age = row["last_event_at"], row["age_days"]
    return str(last or "")[:10], "" if age is None else f"{age:.1f} d", row["status"]


def describe(row: Mapping[str, Any]) -> str:
    """What is wrong with a late, stale or unknown source, and what to do."""
    day, age, status = shown(row)
    if status == "unknown":
        return (
            f"{row['source']} has no event up to the run's clock that can be read; compare its "
            "event_column and event_formats with the file"
        )
    return (
        f"{row['source']} is {status}: its last event is of {day}, {age[:-2]} days before the "
        "run's clock; export it again, or change `freshness` in its YAML"
    )


def record(con: duckdb.DuckDBPyConnection, as_of: str) -> None:
    """Let `state.source_freshness` be what is there at `as_of`; the same again writes nothing.

    Call `ledger.prepare` first.
    """
    con.execute(DDL)
    kept = f"select {COLUMNS} from state.source_freshness"
    found = sorted(con.execute(_query(con, as_of)).fetchall())
    if found == sorted(con.execute(kept).fetchall()):
        return
    with transaction(con):
        con.execute("delete from state.source_freshness")
        con.executemany(
            f"insert into state.source_freshness ({COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?)", found
        )


def _query(con: duckdb.DuckDBPyConnection, as_of: str | None) -> str:
    tables = read_tables()
    clock = f"timestamp '{as_of}'" if as_of else "null::timestamp"
    limits = {t.source: t.freshness for t in tables}
    declared = ", ".join(
        f"('{source}', {_days(f.warn_after)}, {_days(f.error_after)})"
        for source, f in limits.items()
    )
    newest = moments(con, tables, clock) or "select null::varchar, null::timestamp"
    return f"""
        with
        declared as (
            select * from (values {declared}) as d(source, warn_after_days, error_after_days)
        ),
        landed as (
            select source, count(*) as files from state.loads where status = 'loaded'
            group by source
        ),
        newest as (
            select source, max(moment) as last_event_at from ({newest}) as n(source, moment)
            group by source
        ),
        measured as (
            select declared.source, coalesce(landed.files, 0) as files, newest.last_event_at,
                declared.warn_after_days, declared.error_after_days
            from declared
            left join landed on declared.source = landed.source
            left join newest on declared.source = newest.source
        )
        {judged("measured", clock)}
        order by source
    """


def _days(limit: Period | None) -> str:
    return f"{limit.days!r}::double" if limit else "null::double"
