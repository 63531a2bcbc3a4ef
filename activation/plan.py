"""Plan: what a sync would do, one row and one reason each, before anything is called."""

from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

import duckdb

from activation import connections, state
from activation.config import Sync, find_sync
from activation.errors import PlanError
from activation.fold import fold_into
from activation.guards import Counts, breaches
from activation.plan_sql import plan_statement
from warehouse.connection import connect, transaction


@dataclass(frozen=True)
class PlanSummary:
    """The counts and verdict of one plan; `reasons` counts records by (action, reason)."""

    sync: str
    plan_id: str
    run_id: str
    as_of: str
    destination: str
    is_configured: bool
    candidates: int
    allowed: int
    held: int
    adds: int
    changes: int
    removes: int
    skips: int
    breaches: list[str] = field(default_factory=list)
    reasons: list[dict[str, Any]] = field(default_factory=list)

    @property
    def has_work(self) -> bool:
        """Whether applying the plan would change anything at the destination."""
        return bool(self.adds or self.changes or self.removes)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for `--json` and XCom."""
        return asdict(self)


def plan(
    sync: Sync | str, run_id: str, as_of: str | datetime, *, store: bool = True
) -> PlanSummary:
    """Compare the sync model with what the destination was confirmed to hold.

    Folds the ledger first, so outcomes of a crashed run count. With `store` the plan goes to
    state.sync_plans and state.sync_runs in one transaction; without it nothing is kept (dry run).
    Raises PlanError when the model is missing or its keys are null or repeated.
    """
    sync = find_sync(sync) if isinstance(sync, str) else sync
    moment = datetime.fromisoformat(as_of) if isinstance(as_of, str) else as_of
    with connect(holder=f"activation plan {sync.name}") as con:
        fold_into(con)
        _check_model(con, sync)
        with transaction(con):
            con.execute(plan_statement(sync), {"sync": sync.name})
        summary = _summarise(con, sync, run_id, moment)
        if store:
            with transaction(con):
                _store(con, sync, summary, moment)
    return summary


def _check_model(con: duckdb.DuckDBPyConnection, sync: Sync) -> None:
    if not state.exists(con, f"sync.{sync.model}"):
        raise PlanError(f"sync {sync.name}: expected model sync.{sync.model}, found none; build it")
    columns = {row[0] for row in con.execute(f"describe sync.{sync.model}").fetchall()}
    needed = {sync.key, "person_id", "is_allowed", "reason", *sync.fields.values()}
    if missing := sorted(needed - columns):
        raise PlanError(
            f"sync {sync.name}: expected column {missing[0]} in sync.{sync.model}; "
            "add it to the model or take it out of activation/syncs.yml"
        )
    total, keyed, distinct, unexplained = _counts(
        con,
        f"""
        select count(*), count({sync.key}), count(distinct {sync.key}),
            count(*) filter (reason is null)
        from sync.{sync.model}
        """,
    )
    if keyed < total or distinct < keyed:
        raise PlanError(
            f"sync {sync.name}: expected one row per {sync.key} in sync.{sync.model}, got "
            f"{total - keyed} null and {keyed - distinct} repeated keys in {total} rows"
        )
    if unexplained:
        raise PlanError(
            f"sync {sync.name}: expected a reason on every row, {unexplained} have none"
        )


def _counts(con: duckdb.DuckDBPyConnection, query: str) -> tuple[int, ...]:
    row = con.execute(query).fetchone()
    assert row is not None
    return row


def _summarise(
    con: duckdb.DuckDBPyConnection, sync: Sync, run_id: str, as_of: datetime
) -> PlanSummary:
    candidates, allowed, held, adds, changes, removes, skips = _counts(
        con,
        """
        select count(*) filter (is_candidate), count(*) filter (is_allowed),
            count(*) filter (is_held), count(*) filter (action = 'add'),
            count(*) filter (action = 'change'), count(*) filter (action = 'remove'),
            count(*) filter (action = 'skip')
        from planned
        """,
    )
    (sent,) = _counts(
        con,
        f"select count(*) from state.sync_ledger where sync = '{sync.name}' and status = 'sent'",
    )
    counts = Counts(candidates, allowed, held, adds, changes, removes, skips, is_first=sent == 0)
    reasons = con.execute(
        "select action, reason, count(*) from planned group by all order by all"
    ).fetchall()
    return PlanSummary(
        sync=sync.name,
        plan_id=_plan_id(con, sync),
        run_id=run_id,
        as_of=as_of.isoformat(sep=" "),
        destination=sync.destination,
        is_configured=connections.is_configured(sync),
        candidates=candidates,
        allowed=allowed,
        held=held,
        adds=adds,
        changes=changes,
        removes=removes,
        skips=skips,
        breaches=breaches(counts, sync.guards),
        reasons=[{"action": a, "reason": r, "records": n} for a, r, n in reasons],
    )


def _plan_id(con: duckdb.DuckDBPyConnection, sync: Sync) -> str:
    row = con.execute(
        """
        select sha256($sync || chr(10) || coalesce(string_agg(
            cast(to_json([record_key, action, reason, idempotency_key]) as varchar),
            chr(10) order by record_key
        ), ''))
        from planned
        """,
        {"sync": sync.name},
    ).fetchone()
    assert row is not None
    return f"plan_{row[0][:16]}"


def _store(
    con: duckdb.DuckDBPyConnection, sync: Sync, summary: PlanSummary, as_of: datetime
) -> None:
    names = {"sync": sync.name, "plan_id": summary.plan_id}
    # Earlier plans keep their decisions; personal data and unchanged records stay in one place.
    con.execute(
        """
        delete from state.sync_plans
        where sync = $sync and (plan_id = $plan_id or (action = 'skip' and reason = 'unchanged'))
        """,
        names,
    )
    con.execute(
        """
        update state.sync_plans set payload = null, is_newest = false
        where sync = $sync and is_newest
        """,
        {"sync": sync.name},
    )
    con.execute(
        """
        insert into state.sync_plans
        select $sync, $plan_id, record_key, person_id, action, reason, $purpose, true,
            changed_fields, payload_hash, sequence, idempotency_key, payload
        from planned
        order by record_key
        """,
        names | {"purpose": sync.purpose},
    )
    con.execute(
        "delete from state.sync_runs where sync = ? and run_id = ?", [sync.name, summary.run_id]
    )
    con.execute(
        """
        insert into state.sync_runs
        select $run_id, $sync, $plan_id, $as_of, $destination, $connection, $mode, $purpose,
            $candidates, $allowed, $held, $adds, $changes, $removes, $skips, $breaches,
            coalesce(max(entry_id), 0), 'planned', null, 0, 0, 0, 0, null, null
        from state.sync_ledger
        """,
        names
        | {
            "run_id": summary.run_id,
            "as_of": as_of,
            "destination": sync.destination,
            "connection": sync.connection,
            "mode": sync.mode,
            "purpose": sync.purpose,
            "candidates": summary.candidates,
            "allowed": summary.allowed,
            "held": summary.held,
            "adds": summary.adds,
            "changes": summary.changes,
            "removes": summary.removes,
            "skips": summary.skips,
            "breaches": summary.breaches,
        },
    )
