"""Everything known of one person, as one dictionary."""

from typing import Any

import duckdb

from identity.lookup import person_id
from warehouse.connection import fetch_rows

_IDENTIFIERS = """
select id_type, id_value, first_seen_at, last_seen_at
from identity.identifiers where person_id = ?
order by id_type, first_seen_at, id_value
"""

_RECORDS = """
select source, record_type, record_id from identity.person_records
where person_id = ? order by all
"""

_ALIASES = "select alias_id from identity.aliases where person_id = ? order by alias_id"

_EVENTS = """
select e.at, e.event, e.person_id, e.other_person_id, e.rule, e.confidence, e.run_id
from identity.merge_events as e
where ? in (e.person_id, e.other_person_id)
    or e.other_person_id in (select alias_id from identity.aliases where person_id = ?)
order by e.event_number
"""

# Each record joins through the most believed value that it shares with an earlier one.
_JOINS = """
with mine as (
    select links.*
    from identity.int_identity__links as links
    inner join identity.int_identity__record_people as people using (record_index)
    where people.person_id = ? and links.is_linking
),

firsts as (
    select value_hash, min((observed_at, record_index)) as first_seen
    from (
        select mine.value_hash, mine.record_index, records.observed_at
        from mine inner join identity.int_identity__records as records using (record_index)
    )
    group by all
)

select
    records.observed_at as at, mine.source, mine.record_type, mine.record_id,
    'same ' || mine.id_type as rule, mine.id_value, mine.confidence, mine._file, mine._line
from mine
inner join identity.int_identity__records as records using (record_index)
inner join firsts using (value_hash)
where (records.observed_at, mine.record_index) > firsts.first_seen
qualify row_number() over (
    partition by mine.record_index order by mine.priority, mine.id_value
) = 1
order by records.observed_at, mine.record_index
"""

_PERSON = "select * from marts.dim_people where person_id = ?"

_ACCOUNT = """
select account_id, account_name, domain, salesforce_account_id
from marts.dim_accounts where account_id = ?
"""

_TOUCHES = """
select max(touched_at) as last_engagement, count(*) as total_touchpoints,
    list(distinct channel order by channel) as active_channels
from marts.fct_touches where person_id = ?
"""

_CONSENTS = """
select purpose, status, decided_at, source from marts.dim_person_consents
where person_id = ? order by purpose
"""


def profile(con: duckdb.DuckDBPyConnection, asked: str) -> dict[str, Any]:
    """The profile of the person that `asked` names (see `identity.lookup.person_id`).

    `merge_history` lists how each record joined, and every change of the person's id. What the
    marts do not hold yet is None or empty. Raises PersonNotFound.
    """
    person = person_id(con, asked)
    attributes = _first(con, "dim_people", _PERSON, [person])
    account = attributes.get("account_id")
    touches = _first(con, "fct_touches", _TOUCHES, [person])
    identifiers: dict[str, list[str]] = {}
    for row in fetch_rows(con, _IDENTIFIERS, [person]):
        identifiers.setdefault(row["id_type"], []).append(row["id_value"])
    return {
        "person_id": person,
        "aliases": [row["alias_id"] for row in fetch_rows(con, _ALIASES, [person])],
        "lifecycle_stage": attributes.pop("lifecycle_stage", None),
        "account": _first(con, "dim_accounts", _ACCOUNT, [account]) or None,
        "attributes": {key: value for key, value in attributes.items() if key != "person_id"},
        "identifiers": identifiers,
        "loyalty_ids": identifiers.get("loyalty_id", []),
        "records": fetch_rows(con, _RECORDS, [person]),
        "merge_history": fetch_rows(con, _JOINS, [person]),
        "id_events": fetch_rows(con, _EVENTS, [person, person]),
        "last_engagement": touches.get("last_engagement"),
        "total_touchpoints": touches.get("total_touchpoints", 0),
        "active_channels": touches.get("active_channels") or [],
        "consents": (
            fetch_rows(con, _CONSENTS, [person]) if _exists(con, "dim_person_consents") else []
        ),
    }


def _first(
    con: duckdb.DuckDBPyConnection, table: str, sql: str, values: list[Any]
) -> dict[str, Any]:
    rows = fetch_rows(con, sql, values) if _exists(con, table) else []
    return rows[0] if rows else {}


def _exists(con: duckdb.DuckDBPyConnection, table: str) -> bool:
    found = con.execute(
        "select 1 from information_schema.tables where table_schema = 'marts' and table_name = ?",
        [table],
    )
    return found.fetchone() is not None
