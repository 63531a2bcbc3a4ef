"""History: what was decided and sent about one person, and why not."""

from dataclasses import asdict, dataclass
from typing import Any

import duckdb

from activation.errors import ActivationError
from activation.fold import fold_into
from activation.state import exists
from identity import lookup
from identity.state import canonical
from warehouse.connection import connect


@dataclass(frozen=True)
class Decision:
    """What the newest plan of a sync says about a record of this person."""

    sync: str
    as_of: str
    action: str
    reason: str
    is_held: bool
    status: str


@dataclass(frozen=True)
class Attempt:
    """One ledger entry."""

    sync: str
    at: str
    action: str
    reason: str
    status: str
    error_class: str | None
    response_code: int | None
    run_id: str


@dataclass(frozen=True)
class History:
    """A person under the id they have now, the ids they had, decisions and attempts."""

    person_id: str
    earlier_ids: list[str]
    decisions: list[Decision]
    attempts: list[Attempt]

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for `--json`."""
        return asdict(self)


def history(person: str) -> History:
    """Look a person up by person id, present or former, or as `identity.lookup.person_id` does.

    Raises ActivationError or PersonNotFound when nobody is known by it, without repeating it.
    """
    with connect(holder="activation history", read_only=True) as con:
        fold_into(con)
        person_id = _present_id(con, person.strip())
        earlier = _earlier_ids(con, person_id)
        ids = [person_id, *earlier]
        return History(person_id, earlier, _decisions(con, ids), _attempts(con, ids))


def _present_id(con: duckdb.DuckDBPyConnection, person: str) -> str:
    if not person.startswith("p_"):
        return lookup.person_id(con, person)
    found = _by_id(con, person)
    if found is None:
        raise ActivationError(
            "expected a person id (p_ and 16 hex digits), found nobody by it; "
            "try `onefold identity profile TYPE:VALUE`"
        )
    return str(found[0])


def _by_id(con: duckdb.DuckDBPyConnection, person_id: str) -> tuple[Any, ...] | None:
    if exists(con, "state.aliases"):
        person_id = canonical(con, person_id)
    return con.execute(
        """
        select person_id from state.sync_plans where person_id = $id
        union all
        select person_id from state.sync_ledger where person_id = $id
        union all
        select $id where $is_person
        limit 1
        """,
        {"id": person_id, "is_person": _is_person(con, person_id)},
    ).fetchone()


def _is_person(con: duckdb.DuckDBPyConnection, person_id: str) -> bool:
    if not exists(con, "state.people"):
        return False
    found = con.execute("select 1 from state.people where person_id = ?", [person_id]).fetchone()
    return found is not None


def _earlier_ids(con: duckdb.DuckDBPyConnection, person_id: str) -> list[str]:
    if not exists(con, "state.aliases"):
        return []
    rows = con.execute(
        """
        with recursive earlier as (
            select alias_id from state.aliases where person_id = $id
            union
            select aliases.alias_id
            from state.aliases as aliases
            join earlier on aliases.person_id = earlier.alias_id
        )
        select alias_id from earlier where alias_id <> $id order by alias_id
        """,
        {"id": person_id},
    ).fetchall()
    return [row[0] for row in rows]


def _decisions(con: duckdb.DuckDBPyConnection, ids: list[str]) -> list[Decision]:
    rows = con.execute(
        """
        with runs as (
            select sync, plan_id, cast(max(as_of) as varchar) as as_of,
                arg_max(status, as_of) as status
            from state.sync_runs
            group by all
        )
        select planned.sync, runs.as_of, planned.action, planned.reason,
            held.record_key is not null, runs.status
        from state.newest_sync_plans as planned
        join runs on planned.sync = runs.sync and planned.plan_id = runs.plan_id
        left join state.sync_holdings as held
            on planned.sync = held.sync and planned.record_key = held.record_key
        where planned.person_id in (select unnest($ids))
        order by planned.sync, planned.record_key
        """,
        {"ids": ids},
    ).fetchall()
    return [Decision(*row) for row in rows]


def _attempts(con: duckdb.DuckDBPyConnection, ids: list[str]) -> list[Attempt]:
    rows = con.execute(
        """
        select sync, intended_at::varchar, action, reason, status, error_class, response_code,
            run_id
        from state.sync_ledger
        where person_id in (select unnest($ids))
        order by entry_id
        """,
        {"ids": ids},
    ).fetchall()
    return [Attempt(*row) for row in rows]
