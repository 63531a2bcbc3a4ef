"""Fold: copy the SQLite ledger into the warehouse, as often as you like, with one result."""

from dataclasses import dataclass

import duckdb
import pyarrow as pa

from activation import state
from activation.ledger import APPLY_COLUMNS, ENTRY_COLUMNS, Ledger
from warehouse.connection import connect, transaction
from warehouse.settings import settings

_INTEGERS = {"entry_id", "sequence", "attempts", "response_code"}


@dataclass(frozen=True)
class FoldSummary:
    """Ledger entries that the fold wrote, and how many now wait with an unknown outcome."""

    entries: int
    unknown: int


def fold(holder: str = "activation fold") -> FoldSummary:
    """Bring state.sync_ledger, state.sync_holdings and state.sync_runs up to date."""
    with connect(holder=holder) as con:
        return fold_into(con)


def fold_into(con: duckdb.DuckDBPyConnection) -> FoldSummary:
    """`fold` on an open connection, outside a transaction; everything in one transaction."""
    path = settings().ledger
    with transaction(con):
        state.ensure(con)
        written = 0
        if path.exists():
            with Ledger.open(path) as ledger:
                after = _scalar(con, "select coalesce(max(entry_id), 0) from state.sync_ledger")
                rows = ledger.entries(after, also=_open_entries(con))
                applies = ledger.applies()
            _write_run_status(con, applies)
            if rows:
                written = _write_entries(con, rows)
                _write_holdings(con)
                _write_run_counts(con)
                con.execute("drop table folded")
        unknown = _scalar(con, "select count(*) from state.sync_ledger where status = 'unknown'")
    return FoldSummary(entries=written, unknown=unknown)


def _open_entries(con: duckdb.DuckDBPyConnection) -> list[int]:
    rows = con.execute(
        "select entry_id from state.sync_ledger where status = 'unknown' and finished_at is null"
    )
    return [row[0] for row in rows.fetchall()]


def _write_entries(con: duckdb.DuckDBPyConnection, rows: list[tuple[object, ...]]) -> int:
    table = _arrow(ENTRY_COLUMNS, rows)
    con.register("ledger_rows", table)
    con.execute("create or replace temp table folded as select * from ledger_rows")
    con.unregister("ledger_rows")
    con.execute("delete from state.sync_ledger where entry_id in (select entry_id from folded)")
    con.execute("insert into state.sync_ledger by name select * from folded order by entry_id")
    return int(table.num_rows)


def _write_holdings(con: duckdb.DuckDBPyConnection) -> None:
    # The last confirmed change of each record touched by this fold decides what is held.
    con.execute(
        """
        create or replace temp table confirmed as
        select ledger.*
        from state.sync_ledger as ledger
        semi join folded on ledger.sync = folded.sync and ledger.record_key = folded.record_key
        where ledger.status = 'sent'
        qualify row_number() over (
            partition by ledger.sync, ledger.record_key order by ledger.entry_id desc
        ) = 1
        """
    )
    con.execute(
        """
        delete from state.sync_holdings as held
        using confirmed
        where held.sync = confirmed.sync and held.record_key = confirmed.record_key
            and held.entry_id < confirmed.entry_id
        """
    )
    con.execute(
        """
        insert into state.sync_holdings by name
        select confirmed.sync, confirmed.record_key, confirmed.person_id, confirmed.payload_hash,
            planned.payload, confirmed.entry_id
        from confirmed
        left join state.sync_plans as planned
            on confirmed.plan_id = planned.plan_id and confirmed.record_key = planned.record_key
        anti join state.sync_holdings as held
            on confirmed.sync = held.sync and confirmed.record_key = held.record_key
        where confirmed.action <> 'remove'
        """
    )
    con.execute("drop table confirmed")


def _write_run_status(con: duckdb.DuckDBPyConnection, applies: list[tuple[object, ...]]) -> None:
    con.register("apply_rows", _arrow(APPLY_COLUMNS, applies))
    con.execute(
        """
        update state.sync_runs as runs
        set status = applies.status, approved_reason = applies.approved_reason,
            started_at = applies.started_at::timestamp, finished_at = applies.finished_at::timestamp
        from apply_rows as applies
        where runs.run_id = applies.run_id and runs.sync = applies.sync
            and runs.plan_id = applies.plan_id
            and (runs.status, runs.finished_at)
            is distinct from (applies.status, applies.finished_at::timestamp)
        """
    )
    con.unregister("apply_rows")


def _write_run_counts(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(
        """
        update state.sync_runs as runs
        set sent = counts.sent, failed = counts.failed, unknown = counts.unknown,
            withheld = counts.withheld
        from (
            select run_id, sync, count(*) filter (status = 'sent') as sent,
                count(*) filter (status = 'failed') as failed,
                count(*) filter (status = 'unknown') as unknown,
                count(*) filter (status = 'withheld') as withheld
            from state.sync_ledger
            where (run_id, sync) in (select (run_id, sync) from folded)
            group by all
        ) as counts
        where runs.run_id = counts.run_id and runs.sync = counts.sync
        """
    )


def _arrow(columns: tuple[str, ...], rows: list[tuple[object, ...]]) -> pa.Table:
    schema = pa.schema([(c, pa.int64() if c in _INTEGERS else pa.string()) for c in columns])
    return pa.Table.from_pylist([dict(zip(columns, row, strict=True)) for row in rows], schema)


def _scalar(con: duckdb.DuckDBPyConnection, query: str) -> int:
    ((value,),) = con.execute(query).fetchall()
    return int(value)
