"""Apply: deliver a stored plan, intent before each call and outcome after, locking nothing."""

import logging
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

import duckdb
import pyarrow as pa

from activation.config import Sync, find_sync
from activation.destinations import Destination, open_destination
from activation.errors import ActivationError, GuardStopped, PlanStale
from activation.fold import fold_into
from activation.ledger import Apply, Ledger, only_delivery
from activation.plan_sql import AUDIENCE
from activation.records import FAILED, SENT, UNKNOWN, WITHHELD, Audience, Record
from warehouse.connection import connect, transaction
from warehouse.settings import settings

log = logging.getLogger(__name__)

DONE = "done"
INCOMPLETE = "incomplete"
NOT_CONFIGURED = "not_configured"
STOPPED = "stopped"
QUARANTINED = "quarantined"

_ROWS_IN_MEMORY = 5_000


@dataclass(frozen=True)
class ApplySummary:
    """What one delivery did. `not_tried` records were left for the next run."""

    sync: str
    run_id: str
    plan_id: str
    status: str
    sent: int = 0
    failed: int = 0
    unknown: int = 0
    withheld: int = 0
    already_sent: int = 0
    not_tried: int = 0
    errors: dict[str, int] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """Plain values, for `--json` and XCom."""
        return asdict(self)


@dataclass
class _Work:
    """A plan as read from the warehouse, which is closed again before the first call."""

    plan_id: str
    as_of: datetime
    breaches: list[str]
    approved_reason: str | None
    position: int
    last_entry: int
    rows: pa.Table
    audience: pa.Table


@dataclass
class _Tally:
    statuses: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    already_sent: int = 0
    not_tried: int = 0


def utc_now() -> datetime:
    """The time of a call, for the ledger alone."""
    return datetime.now(UTC).replace(tzinfo=None)


def apply(
    sync: Sync | str,
    run_id: str,
    *,
    approve: str = "",
    excluded_keys: Collection[str] = (),
    destination: Destination | None = None,
    clock: Callable[[], datetime] = utc_now,
) -> ApplySummary:
    """Deliver the plan that `run_id` stored for this sync, then fold the ledger.

    `excluded_keys`: record keys the plan gate took out; their adds and changes are withheld,
    removals go out all the same. `approve`: a reason that lets a plan pass its guards.
    Applying again after a crash sends only what is not confirmed, under the same keys.
    Raises GuardStopped before the first call, PlanStale when another plan was applied since.
    """
    sync = find_sync(sync) if isinstance(sync, str) else sync
    with only_delivery(settings().home, sync.name):
        work = _load(sync, run_id, excluded_keys)
        reason = approve.strip() or work.approved_reason
        destination = destination or open_destination(sync)
        if destination is None:
            _close_run(sync, run_id, NOT_CONFIGURED)
            log.warning("sync %s: connection %s is not configured", sync.name, sync.connection)
            return ApplySummary(sync.name, run_id, work.plan_id, NOT_CONFIGURED)
        if work.breaches and not reason:
            _close_run(sync, run_id, STOPPED)
            raise GuardStopped(_guard_message(sync, work))
        destination.check()
        with Ledger.open(settings().ledger, floor=work.last_entry) as ledger:
            _refuse_stale(ledger, sync, work)
            start = Apply(run_id, sync.name, work.plan_id, sync.purpose)
            number = ledger.begin(start, reason, clock())
            delivery = _Delivery(start, ledger, destination, frozenset(excluded_keys), clock)
            delivery.run(work)
            tally = delivery.tally
            status = INCOMPLETE if _is_incomplete(tally) else DONE
            ledger.end(number, status, clock())
    with connect(holder=f"activation fold {sync.name}") as con:
        fold_into(con)
    summary = _summary(start, status, tally)
    log.info("sync %s: %s", sync.name, _counts(summary))
    return summary


def _load(sync: Sync, run_id: str, excluded_keys: Collection[str]) -> _Work:
    with connect(holder=f"activation apply {sync.name}") as con:
        fold_into(con)
        header = con.execute(
            "select plan_id, as_of, breaches, approved_reason, ledger_position from state.sync_runs"
            " where sync = ? and run_id = ?",
            [sync.name, run_id],
        ).fetchall()
        if not header:
            raise ActivationError(f"sync {sync.name}: expected a plan of this run; plan it first")
        plan_id, as_of, breaches, approved, position = header[0]
        # DuckDB 2 refuses other work on a connection while a result is not read to its end.
        ((last,),) = con.execute(
            "select coalesce(max(entry_id), 0) from state.sync_ledger"
        ).fetchall()
        rows = con.execute(
            # Removals first: whoever may no longer be held leaves before anybody joins.
            "select * from state.sync_plans where plan_id = ? and action <> 'skip'"
            " order by action <> 'remove', record_key",
            [plan_id],
        ).to_arrow_table()
        audience = _audience(con, sync, plan_id, excluded_keys)
    return _Work(plan_id, as_of, breaches, approved, position, last, rows, audience)


def _audience(
    con: duckdb.DuckDBPyConnection, sync: Sync, plan_id: str, excluded_keys: Collection[str]
) -> pa.Table:
    """What the destination should hold, typed like the model's columns."""
    types = dict(
        con.execute(f"select column_name, column_type from (describe sync.{sync.model})").fetchall()
    )
    keys = pa.table({"record_key": pa.array(sorted(excluded_keys), pa.string())})
    con.register("excluded", keys)
    columns = ", ".join(
        f"""cast(held_after ->> '$."{name}"' as {types[column]}) as "{name}" """
        for name, column in sync.fields.items()
    )
    query = f"select record_key, {columns} from ({AUDIENCE}) order by record_key"
    table = con.execute(query, {"plan_id": plan_id}).to_arrow_table()
    con.unregister("excluded")
    return table


@dataclass
class _Delivery:
    """The calls of one apply. Each is committed to the ledger as meant, made, and as it ended."""

    start: Apply
    ledger: Ledger
    destination: Destination
    excluded: frozenset[str]
    clock: Callable[[], datetime]
    tally: _Tally = field(default_factory=_Tally)
    is_halted: bool = False

    def run(self, work: _Work) -> None:
        """Deliver the plan's rows, chunk by chunk, until the destination is unwell."""
        confirmed = self.ledger.confirmed(self.start.sync, work.plan_id)
        is_snapshot = self.destination.batch_size is None
        staged = work.audience if is_snapshot else work.audience.slice(0, 0)
        self.destination.prepare(Audience(self.start.sync, work.as_of, staged))
        for chunk in _chunks(work.rows, self.destination.batch_size):
            waiting = [r for r in chunk if r.idempotency_key not in confirmed]
            self.tally.already_sent += len(chunk) - len(waiting)
            self._withhold([r for r in waiting if self._is_withheld(r)])
            self._call([r for r in waiting if not self._is_withheld(r)])
        if is_snapshot and not self.is_halted:
            # Nothing may have changed, yet somebody may have removed the file.
            self.destination.send([])

    def _is_withheld(self, record: Record) -> bool:
        return record.record_key in self.excluded and record.action != "remove"

    def _withhold(self, records: list[Record]) -> None:
        self.tally.statuses[WITHHELD] += len(records)
        noted = self.ledger.withheld(self.start) if records else set()
        if new := [r for r in records if r.idempotency_key not in noted]:
            self.ledger.withhold(self.start, new, QUARANTINED, self.clock())

    def _call(self, records: list[Record]) -> None:
        if not records:
            return
        if self.is_halted:
            self.tally.not_tried += len(records)
            return
        entries = self.ledger.intend(self.start, records, self.clock())
        removals = [r for r in records if r.action == "remove"]
        others = [r for r in records if r.action != "remove"]
        outcomes = self.destination.remove(removals) if removals else []
        outcomes += self.destination.send(others) if others else []
        # Plans list removals first, so the outcomes are in the order of the entries.
        self.ledger.settle(zip(entries, outcomes, strict=True), self.clock())
        self.is_halted = all(outcome.halts for outcome in outcomes)
        self.tally.statuses.update(outcome.status for outcome in outcomes)
        self.tally.errors.update(o.error_class for o in outcomes if o.error_class)


def _chunks(rows: pa.Table, size: int | None) -> Iterator[list[Record]]:
    if size is None:
        # A snapshot takes its content from the staged audience; its records carry none.
        bare = rows.drop_columns(["payload"]).append_column("payload", pa.nulls(rows.num_rows))
        yield from [_records(bare)] if rows.num_rows else []
        return
    for start in range(0, rows.num_rows, size):
        yield _records(rows.slice(start, size))


def _records(rows: pa.Table) -> list[Record]:
    return [
        Record(
            record_key=row["record_key"],
            person_id=row["person_id"],
            action=row["action"],
            reason=row["reason"],
            payload_hash=row["payload_hash"],
            sequence=row["sequence"],
            idempotency_key=row["idempotency_key"],
            payload=row["payload"],
        )
        for batch in rows.to_batches(max_chunksize=_ROWS_IN_MEMORY)
        for row in batch.to_pylist()
    ]


def _refuse_stale(ledger: Ledger, sync: Sync, work: _Work) -> None:
    if ledger.last_other(sync.name, work.plan_id) > work.position:
        raise PlanStale(
            f"sync {sync.name}: expected plan {work.plan_id} to be the newest, but another plan "
            "was applied after it was made; plan again"
        )


def _close_run(sync: Sync, run_id: str, status: str) -> None:
    with connect(holder=f"activation apply {sync.name}") as con, transaction(con):
        con.execute(
            "update state.sync_runs set status = ? where sync = ? and run_id = ?",
            [status, sync.name, run_id],
        )


def _guard_message(sync: Sync, work: _Work) -> str:
    return (
        f"sync {sync.name} stopped before the first call: {'; '.join(work.breaches)}. "
        f"Look at `onefold sync plan {sync.name}`; if it is right, "
        f'`onefold sync apply {sync.name} --approve "REASON"`'
    )


def _is_incomplete(tally: _Tally) -> bool:
    return bool(tally.statuses[FAILED] or tally.statuses[UNKNOWN] or tally.not_tried)


def _summary(start: Apply, status: str, tally: _Tally) -> ApplySummary:
    return ApplySummary(
        sync=start.sync,
        run_id=start.run_id,
        plan_id=start.plan_id,
        status=status,
        sent=tally.statuses[SENT],
        failed=tally.statuses[FAILED],
        unknown=tally.statuses[UNKNOWN],
        withheld=tally.statuses[WITHHELD],
        already_sent=tally.already_sent,
        not_tried=tally.not_tried,
        errors=dict(sorted(tally.errors.items())),
    )


def _counts(summary: ApplySummary) -> str:
    return (
        f"{summary.status}, {summary.sent} sent, {summary.failed} failed, {summary.unknown} "
        f"unknown, {summary.withheld} withheld, {summary.not_tried} not tried"
    )
