"""A sync with a three-column model, and a destination that remembers in a dictionary."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from activation.config import Guards, Sync
from activation.records import SENT, Audience, Outcome, Record
from warehouse.connection import connect

AS_OF = "2026-06-30 00:00:00"
COLUMNS = (
    "record_key varchar, person_id varchar, email varchar, score integer, "
    "is_allowed boolean, reason varchar"
)
OPEN_GUARDS = Guards(
    max_add_share=9e9, max_remove_share=9e9, empty_model="allow", first_run="allow"
)


@dataclass
class Memory:
    """A destination that holds what it was sent, honours idempotency keys, and obeys a script.

    `script`: one entry per send or remove call: None (works), an Outcome for every record, or a
    dict of Outcomes by record key. An Outcome of status unknown is applied all the same.
    """

    batch_size: int | None = 2
    held: dict[str, Any] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    calls: list[list[Record]] = field(default_factory=list)
    script: list[Any] = field(default_factory=list)

    def check(self) -> None:
        """Always usable."""

    def prepare(self, audience: Audience) -> None:
        """Nothing to stage."""

    def send(self, records: Sequence[Record]) -> list[Outcome]:
        """Hold the records."""
        return self._take(records)

    def remove(self, records: Sequence[Record]) -> list[Outcome]:
        """Drop the records."""
        return self._take(records)

    def _take(self, records: Sequence[Record]) -> list[Outcome]:
        self.calls.append(list(records))
        fate = self.script.pop(0) if self.script else None
        return [self._one(r, fate.get(r.record_key) if isinstance(fate, dict) else fate)
                for r in records]  # fmt: skip

    def _one(self, record: Record, fate: Outcome | None) -> Outcome:
        outcome = fate or Outcome(SENT)
        if outcome.status in ("sent", "unknown") and record.idempotency_key not in self.keys:
            self.keys.append(record.idempotency_key)
            self.held.pop(record.record_key, None)
            if record.action != "remove":
                assert record.payload is not None
                self.held[record.record_key] = json.loads(record.payload)
        return outcome


def make_sync(**changes: Any) -> Sync:
    """A sync over sync.sync_memory__people with every guard open."""
    settings: dict[str, Any] = {
        "name": "people", "description": "Test.", "owner": "tests", "model": "sync_memory__people",
        "destination": "csv_file", "connection": None, "key": "record_key", "mode": "mirror",
        "purpose": "email_marketing", "fields": {"mail": "email", "score": "score"},
        "guards": OPEN_GUARDS,
    }  # fmt: skip
    return Sync(**(settings | changes))


def write_model(rows: Mapping[str, tuple[Any, ...]]) -> None:
    """Replace the sync model: record key -> (email, score) when allowed, or (reason,) when not."""
    with connect("test set-up") as con:
        con.execute("create schema if not exists sync")
        con.execute(f"create or replace table sync.sync_memory__people ({COLUMNS})")
        for key, row in rows.items():
            is_allowed = len(row) == 2
            email, score = row if is_allowed else (f"{key}@example.com", 0)
            reason = "allowed" if is_allowed else row[0]
            con.execute(
                "insert into sync.sync_memory__people values (?, ?, ?, ?, ?, ?)",
                [key, f"p_{key}", email, score, is_allowed, reason],
            )


def query(sql: str) -> list[tuple[Any, ...]]:
    """Rows of a query on the build warehouse."""
    with connect("test") as con:
        return con.execute(sql).fetchall()


@pytest.fixture
def sync(home: Path) -> Sync:
    """The sync of these tests, in a home of its own."""
    return make_sync()


@pytest.fixture
def kit(home: Path) -> Any:
    """The helpers of this file, for tests that need more than one."""

    class Kit:
        as_of = AS_OF
        Memory = Memory
        make_sync = staticmethod(make_sync)
        write_model = staticmethod(write_model)
        query = staticmethod(query)

    return Kit
