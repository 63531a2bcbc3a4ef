"""What a split, a merge or another limit would change: decided for real, then rolled back."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import duckdb

from identity.arrays import one
from identity.errors import IdentityError
from identity.step import decide
from warehouse.connection import fetch_rows

COLUMNS = {"max_per_person": "integer", "limit_window": "varchar", "priority": "integer"}
"""What of a rule row may be tried: the others change the evidence itself."""

_RUN = "what-if"


def what_if(
    con: duckdb.DuckDBPyConnection, as_of: str, change: Callable[[], object]
) -> dict[str, Any]:
    """The blast radius of `change`, which writes to this connection; nothing is kept.

    Gives {"records", "people_before", "people_after", "events": [...], "affected_people",
    "segments", "syncs", "attribution": [...], "consent": [...]}: the records that would belong to
    another person, what would happen to ids, and what the people concerned hold today in every
    segment, sync, attribution model and purpose. Raises what `change` raises.
    """
    with _rolled_back(con):
        before = _people(con)
        last = one(con, "select coalesce(max(event_number), 0) from state.merge_events")
        change()
        decide(con, as_of, _RUN)
        con.execute("set variable last_event = ?", [last])
        con.execute(_AFFECTED)
        return {
            "records": one(con, "select count(*) from moved_records"),
            "people_before": before,
            "people_after": _people(con),
            "affected_people": one(con, "select count(*) from affected"),
            "events": fetch_rows(con, _EVENTS),
            "refused_merges": fetch_rows(con, _REFUSED),
            **_held(con),
        }


def set_rule(
    con: duckdb.DuckDBPyConnection, id_type: str, column: str, value: str
) -> Callable[[], object]:
    """A change for `what_if`: another value in the rule row of `id_type`. Raises IdentityError."""
    if column not in COLUMNS:
        raise IdentityError(
            f"expected one of {', '.join(COLUMNS)}, got {column}; what changes the evidence itself "
            "is tried by editing seeds/rules in a copy of the deployment"
        )
    known = con.execute(
        "select 1 from rules.identity_id_types where id_type = ?", [id_type]
    ).fetchone()
    if known is None:
        raise IdentityError(f"expected a type of identifier, got {id_type}; see identity_id_types")

    def change() -> None:
        try:
            con.execute(
                f"update rules.identity_id_types set {column} = nullif(?, '')::{COLUMNS[column]} "
                "where id_type = ?",
                [value, id_type],
            )
        except duckdb.ConversionException:
            raise IdentityError(f"expected a whole number for {column}, got {value}") from None

    return change


@contextmanager
def _rolled_back(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    con.execute("begin transaction")
    try:
        yield
    finally:
        con.execute("rollback")


_AFFECTED = """
create or replace temp table moved_records as
select coalesce(now.person_id, before.person_id) as person_id, before.person_id as former_id
from state.former_person_records as before
left join state.person_records as now using (record_hash)
where before.until_run = (select max(run_number) from state.identity_runs);
create or replace temp table affected as
select former_id as person_id from moved_records
union
select unnest([person_id, other_person_id]) from state.merge_events
where event_number > getvariable('last_event');
delete from affected where person_id is null
"""

_EVENTS = """
select event, person_id, other_person_id, rule from state.merge_events
where event_number > getvariable('last_event') order by event_number
"""

_REFUSED = """
select id_type, limit_id_type, limit_value, would_be from state.refused_merges
where run_id = 'what-if' order by all
"""


def _held(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """What the affected people hold today, by table of segments and syncs, model and purpose."""
    found: dict[str, Any] = {"segments": {}, "syncs": {}}
    for kind, schema in (("segments", "segments"), ("syncs", "sync")):
        for table in _tables(con, schema):
            count = one(con, f"select count(*) from {schema}.{table} semi join affected "
                                "using (person_id)")  # fmt: skip
            if count:
                found[kind][table] = count
    found["attribution"] = found["consent"] = []
    if "fct_attributed_conversions" in _tables(con, "marts"):
        found["attribution"] = fetch_rows(con, _CREDIT)
    if "dim_person_consents" in _tables(con, "marts"):
        found["consent"] = fetch_rows(con, _CONSENT)
    return found


_CREDIT = """
select model, count(distinct conversion_id) as conversions, sum(revenue_usd) as revenue_usd
from marts.fct_attributed_conversions semi join affected using (person_id)
group by model order by model
"""

_CONSENT = """
select purpose, status, count(*) as people
from marts.dim_person_consents semi join affected using (person_id)
group by all order by all
"""


def _tables(con: duckdb.DuckDBPyConnection, schema: str) -> list[str]:
    rows = con.execute(
        "select table_name from information_schema.columns where table_schema = ? "
        "and column_name = 'person_id' and table_name not like 'int_%' order by 1",
        [schema],
    ).fetchall()
    return [name for (name,) in rows]


def _people(con: duckdb.DuckDBPyConnection) -> int:
    return int(one(con, "select count(*) from state.people where status = 'live'"))
