"""The write-ahead ledger: one SQLite file that says what was meant before it says what happened.

While sends run nothing locks the warehouse. Every change of a record has an intent committed
before the call and an outcome committed after it; an intent without an outcome is `unknown`.
Nothing in here is personal data beyond record keys and person ids.
"""

import fcntl
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from activation.errors import ActivationError
from activation.records import SENT, UNKNOWN, WITHHELD, Outcome, Record

_SCHEMA = """
create table if not exists applies (
    apply_id integer primary key autoincrement,
    run_id text not null,
    sync text not null,
    plan_id text not null,
    approved_reason text,
    started_at text not null,
    finished_at text,
    status text not null
);
create table if not exists intents (
    entry_id integer primary key autoincrement,
    run_id text not null,
    sync text not null,
    plan_id text not null,
    record_key text not null,
    person_id text,
    action text not null,
    reason text not null,
    purpose text not null,
    payload_hash text,
    sequence integer not null,
    idempotency_key text not null,
    intended_at text not null
);
create table if not exists outcomes (
    entry_id integer primary key references intents (entry_id),
    status text not null,
    attempts integer not null,
    error_class text,
    response_code integer,
    finished_at text not null
);
create index if not exists intents_by_sync on intents (sync, entry_id);
"""

ENTRY_COLUMNS = (
    "entry_id", "run_id", "sync", "plan_id", "record_key", "person_id", "action", "reason",
    "purpose", "payload_hash", "sequence", "idempotency_key", "status", "attempts", "error_class",
    "response_code", "intended_at", "finished_at",
)  # fmt: skip
APPLY_COLUMNS = (
    "run_id", "sync", "plan_id", "approved_reason", "started_at", "finished_at", "status",
)  # fmt: skip


@dataclass(frozen=True)
class Apply:
    """One delivery of one plan: what every entry of it shares."""

    run_id: str
    sync: str
    plan_id: str
    purpose: str


class Ledger:
    """An open ledger. Use `Ledger.open`."""

    def __init__(self, con: sqlite3.Connection) -> None:
        self._con = con

    @classmethod
    @contextmanager
    def open(cls, path: Path, floor: int = 0) -> Iterator["Ledger"]:
        """Open (or create) the file. Entry ids continue after `floor`, the last one folded, so a
        lost file cannot reuse the number of an entry that the warehouse already has."""
        path.parent.mkdir(parents=True, exist_ok=True)
        con = sqlite3.connect(path, isolation_level=None, timeout=60)
        try:
            con.execute("pragma journal_mode = wal")
            con.execute("pragma synchronous = full")
            ledger = cls(con)
            con.executescript(_SCHEMA)
            ledger._continue_after(floor)
            yield ledger
        finally:
            con.close()

    def begin(self, apply: Apply, approved_reason: str | None, at: datetime) -> int:
        """Note that a delivery starts; returns its number."""
        with self._transaction():
            cursor = self._con.execute(
                "insert into applies (run_id, sync, plan_id, approved_reason, started_at, status)"
                " values (?, ?, ?, ?, ?, 'applying')",
                (apply.run_id, apply.sync, apply.plan_id, approved_reason, _text(at)),
            )
        return int(cursor.lastrowid or 0)

    def end(self, apply_id: int, status: str, at: datetime) -> None:
        """Note how a delivery ended: done, or incomplete."""
        with self._transaction():
            self._con.execute(
                "update applies set status = ?, finished_at = ? where apply_id = ?",
                (status, _text(at), apply_id),
            )

    def intend(self, apply: Apply, records: Sequence[Record], at: datetime) -> list[int]:
        """Commit one intent per record before the call that carries them; returns entry ids.

        An intent that a crash left without an outcome is taken up again: same key, same entry.
        """
        with self._transaction():
            left = self._open(apply.sync)
            return [
                left.get(record.idempotency_key) or self._intent(apply, record, at)
                for record in records
            ]

    def settle(self, entries: Iterable[tuple[int, Outcome]], at: datetime) -> None:
        """Commit the outcomes of a call."""
        with self._transaction():
            self._outcomes(entries, at)

    def withhold(self, apply: Apply, records: Sequence[Record], error: str, at: datetime) -> None:
        """Note records that the plan names and that are not called, with the reason class."""
        with self._transaction():
            entries = [self._intent(apply, record, at) for record in records]
            outcome = Outcome(WITHHELD, attempts=0, error_class=error)
            self._outcomes([(entry, outcome) for entry in entries], at)

    def confirmed(self, sync: str, plan_id: str) -> set[str]:
        """Idempotency keys of this plan that the destination took, in this run or an earlier."""
        rows = self._con.execute(
            "select idempotency_key from intents join outcomes using (entry_id)"
            f" where sync = ? and plan_id = ? and status = '{SENT}'",
            (sync, plan_id),
        )
        return {row[0] for row in rows}

    def withheld(self, apply: Apply) -> set[str]:
        """Idempotency keys that this delivery has already noted as withheld."""
        rows = self._con.execute(
            "select idempotency_key from intents join outcomes using (entry_id)"
            f" where sync = ? and plan_id = ? and run_id = ? and status = '{WITHHELD}'",
            (apply.sync, apply.plan_id, apply.run_id),
        )
        return {row[0] for row in rows}

    def last_other(self, sync: str, plan_id: str) -> int:
        """The last entry of this sync that another plan wrote; 0 when there is none."""
        row = self._con.execute(
            "select coalesce(max(entry_id), 0) from intents where sync = ? and plan_id <> ?",
            (sync, plan_id),
        ).fetchone()
        return int(row[0])

    def entries(self, after: int, also: Iterable[int] = ()) -> list[tuple[object, ...]]:
        """Entries after a number, and those numbered in `also`, as ENTRY_COLUMNS."""
        query = (
            f"select entry_id, run_id, sync, plan_id, record_key, person_id, action, reason,"
            f" purpose, payload_hash, sequence, idempotency_key, coalesce(status, '{UNKNOWN}'),"
            f" coalesce(attempts, 0), error_class, response_code, intended_at, finished_at"
            f" from intents left join outcomes using (entry_id)"
        )
        rows = self._con.execute(
            f"{query} where entry_id > ? order by entry_id", (after,)
        ).fetchall()
        for entry_id in also:
            rows += self._con.execute(f"{query} where entry_id = ?", (entry_id,)).fetchall()
        return rows

    def applies(self) -> list[tuple[object, ...]]:
        """The newest delivery of every run and sync, as APPLY_COLUMNS."""
        return self._con.execute(
            f"select {', '.join(APPLY_COLUMNS)} from applies where apply_id in"
            " (select max(apply_id) from applies group by run_id, sync) order by apply_id"
        ).fetchall()

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._con.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._con.execute("rollback")
            raise
        self.commit()

    def commit(self) -> None:
        """Make the open transaction durable. The only place that commits to the ledger."""
        self._con.execute("commit")

    def _open(self, sync: str) -> dict[str, int]:
        rows = self._con.execute(
            "select idempotency_key, entry_id from intents left join outcomes using (entry_id)"
            " where sync = ? and status is null",
            (sync,),
        )
        return dict(rows.fetchall())

    def _intent(self, apply: Apply, record: Record, at: datetime) -> int:
        cursor = self._con.execute(
            "insert into intents (run_id, sync, plan_id, record_key, person_id, action, reason,"
            " purpose, payload_hash, sequence, idempotency_key, intended_at)"
            " values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                apply.run_id, apply.sync, apply.plan_id, record.record_key, record.person_id,
                record.action, record.reason, apply.purpose, record.payload_hash, record.sequence,
                record.idempotency_key, _text(at),
            ),
        )  # fmt: skip
        return int(cursor.lastrowid or 0)

    def _outcomes(self, entries: Iterable[tuple[int, Outcome]], at: datetime) -> None:
        self._con.executemany(
            "insert into outcomes values (?, ?, ?, ?, ?, ?)",
            [
                (entry, o.status, o.attempts, o.error_class, o.response_code, _text(at))
                for entry, o in entries
            ],
        )

    def _continue_after(self, floor: int) -> None:
        row = self._con.execute("select seq from sqlite_sequence where name = 'intents'").fetchone()
        if floor <= (row[0] if row else 0):
            return
        with self._transaction():
            self._con.execute("delete from sqlite_sequence where name = 'intents'")
            self._con.execute("insert into sqlite_sequence values ('intents', ?)", (floor,))


@contextmanager
def only_delivery(folder: Path, sync: str) -> Iterator[None]:
    """Let one process at a time deliver a sync; the kernel frees the lock when it dies."""
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder / f"sync_{sync}.lock", os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _take(handle, sync)
        yield
    finally:
        os.close(handle)


def _take(handle: int, sync: str) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ActivationError(
            f"sync {sync}: expected no other delivery, but another process is sending it; "
            "wait for it to end"
        ) from None


def _text(at: datetime) -> str:
    return at.replace(tzinfo=None).isoformat(sep=" ", timespec="microseconds")
