"""The moment a file speaks of, from its content and its name alone.

Arrival says nothing about it: a file may come late, twice, or after the one that replaces it. The
ledger keeps both moments, and staging orders loads by them.
"""

import re
from collections.abc import Mapping
from datetime import datetime, time
from functools import cache

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from ingestion.partitions import place
from ingestion.sources import Table

CAPTURED = ("generated_at", "completed_at")
"""Names under which a dialect captures when a file was written, or up to when it is whole."""
FORMATS = (
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %I:%M %p",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%d.%m.%Y",
    "%Y/%m/%d",
    "%b %d, %Y %I:%M:%S %p",
    "%b %d, %Y %I:%M %p",
    "%b %d, %Y %H:%M:%S",
    "%b %d, %Y %H:%M",
    "%b %d, %Y",
    "%B %d, %Y, %I:%M %p",
    "%B %d, %Y",
)
_ZULU = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z")
_NEWEST = rf"""
with
texts as (
    select trim(value) as text from _events where value != ''
),
moments as (
    select
        case
            when text[1] in ('[', '{{') then list_max(list_transform(
                regexp_extract_all(text, '\d{{4}}-\d{{2}}-\d{{2}}T[0-9:.]+(?:Z|[+-][0-9:]+)'),
                lambda item: try_cast(item as timestamptz) at time zone 'UTC'
            ))
            when try_cast(text as bigint) is null then coalesce(
                try_cast(text as timestamptz) at time zone 'UTC',
                try_strptime(text, {list(FORMATS)})
            )
            when length(text) = 8 then try_strptime(text, '%Y%m%d')
            when length(text) = 10 then try(make_timestamp(text::bigint * 1000000))
            when length(text) = 13 then try(epoch_ms(text::bigint))
            when length(text) = 16 then try(make_timestamp(text::bigint))
        end as moment
    from texts
)
select max(moment) from moments
where moment between timestamp '1900-01-01' and timestamp '9999-12-31'
"""


LOAD_ORDER = """
create or replace view state.load_order as
with
loads as (
    select * from state.loads
    where status in ('loaded', 'duplicate')
),
-- One content under several names is one load, and which name came first does not matter.
contents as (
    select
        source,
        object,
        content_hash,
        max(load_id) filter (where status = 'loaded') as load_id,
        max(load_seq) as load_seq,
        min(file) as first_file,
        max(file_as_of) as file_as_of,
        coalesce(max(file_as_of), max(data_as_of)) as as_of,
        max(rows_loaded) as rows_loaded,
        max(rows_rejected) as rows_rejected
    from loads
    group by all
),
-- Load order decides only between contents that one name had, one after the other.
placed as (
    select
        *,
        row_number() over (order by as_of nulls first, first_file, load_seq) as place
    from contents
    where load_id is not null
),
-- Files whose names give one date are one snapshot; the same name again replaces its part.
grouped as (
    select
        *,
        if(
            file_as_of is null
            or place < max(place) over (partition by source, object, file_as_of, first_file),
            place,
            max(place) over (partition by source, object, file_as_of)
        ) as snapshot_place
    from placed
),
-- A snapshot proves that a record is gone if it holds rows and none of its lines was rejected.
proven as (
    select
        *,
        sum(rows_loaded) over parts > 0 and sum(rows_rejected) over parts = 0 as is_whole
    from grouped
    window parts as (partition by source, object, snapshot_place)
),
ordered as (
    select
        load_id,
        source,
        object,
        first_file,
        place,
        snapshot_place,
        as_of,
        coalesce(
            snapshot_place
            < max(snapshot_place) filter (where is_whole) over (partition by source, object),
            false
        ) as is_past
    from proven
)

select * from ordered
"""
"""One row per loaded content: its place among all loads, a function of the files alone.

`as_of` is the moment it speaks of, null where nothing says. `is_past`: a later snapshot of the
table is whole, so what only this one has is gone. `snapshot_place` is that of its snapshot's last
file.
"""


def data_as_of(rows: pa.Table, table: Table) -> datetime | None:
    """The newest `event_column` among rows of text, as naive UTC; None where none can be read.

    Lenient on purpose, for it only puts loads in order: ISO 8601, epoch seconds, milliseconds and
    microseconds, YYYYMMDD, and the dates that vendors write; a wall clock counts as UTC. Of a JSON
    text the newest moment in it counts. The moment of several blocks of a file is their maximum.
    """
    if table.event_column not in rows.column_names or not rows.num_rows:
        return None
    values = rows[table.event_column]
    newest = _last_in_text_order(values)
    return _newest(pa.table({"value": values if newest is None else [newest]}))


def later(this: datetime | None, other: datetime | None) -> datetime | None:
    """The later of two moments, of which either may be missing."""
    return max((m for m in (this, other) if m), default=None)


def file_as_of(file: str, captured: Mapping[str, str], table: Table) -> datetime | None:
    """When a file says it was made: in its name as `file_date` finds it, else above its header.

    Where `file_date` is declared and the name has none, the day that its folder names counts.
    `captured` is what the dialect captured; the names in CAPTURED count, without a zone in brackets
    behind the time. None where neither says.
    """
    hit = re.search(table.file_date, file.rsplit("/", maxsplit=1)[-1]) if table.file_date else None
    if hit:
        return _from_digits("".join(re.findall(r"\d", hit["date"])))
    day = place(file).day if table.file_date else None
    if day:
        return datetime.combine(day, time())
    said = next((captured[name] for name in CAPTURED if name in captured), "")
    said = re.sub(r"\s*\(.*", "", said)
    return _newest(pa.table({"value": [said]})) if said else None


def _from_digits(digits: str) -> datetime | None:
    form = {8: "%Y%m%d", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}.get(len(digits))
    try:
        return datetime.strptime(digits, form) if form else None
    except ValueError:
        return None


def _last_in_text_order(values: pa.ChunkedArray) -> str | None:
    """The last of texts that all are written in one form whose order is that of time; else None."""
    lengths = pc.min_max(pc.binary_length(values)).as_py()
    if lengths["max"] is None or lengths["min"] != lengths["max"]:
        return None
    ends = pc.min_max(values).as_py()
    if _ZULU.fullmatch(ends["min"]) and _ZULU.fullmatch(ends["max"]):
        is_one_form = pc.all(pc.ends_with(values, "Z"))
    else:
        is_one_form = pc.all(pc.utf8_is_digit(values))
    return str(ends["max"]) if is_one_form.as_py() else None


def _newest(values: pa.Table) -> datetime | None:
    with _reader().cursor() as con:
        con.register("_events", values)
        ((moment,),) = con.execute(_NEWEST).fetchall()
    found: datetime | None = moment
    return found


@cache
def _reader() -> duckdb.DuckDBPyConnection:
    """A database of its own, which opens as slowly as it reads a hundred thousand moments."""
    con = duckdb.connect()
    con.execute("set global timezone = 'UTC'")
    return con
