"""What travels between plan, ledger and destinations."""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa

SENT = "sent"
FAILED = "failed"
UNKNOWN = "unknown"
WITHHELD = "withheld"


@dataclass(frozen=True)
class Record:
    """One record to deliver. `payload` is JSON text of the mapped fields; None on a removal."""

    record_key: str
    person_id: str | None
    action: str
    reason: str
    payload_hash: str | None
    sequence: int
    idempotency_key: str
    payload: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Outcome:
    """What became of one record: sent, failed (certainly not applied), unknown or withheld.

    `halts` says that the destination itself is unwell, so the next call would fare no better.
    """

    status: str
    attempts: int = 1
    error_class: str | None = None
    response_code: int | None = None
    halts: bool = False


@dataclass(frozen=True)
class Audience:
    """Everything a snapshot destination should hold after this run, sorted by record_key.

    `table` has `record_key` and one typed column per mapped field, in the order of syncs.yml.
    """

    sync: str
    as_of: datetime
    table: "pa.Table" = field(repr=False)


def idempotency_key(
    sync: str, record_key: str, action: str, payload_hash: str | None, sequence: int
) -> str:
    """SHA-256 over the five parts as a JSON list.

    `sequence` counts the changes of this record at this destination: a replay keeps it, so the
    receiver recognises the call; remove, add, remove again gets three different keys.
    """
    parts = [sync, record_key, action, payload_hash or "", str(sequence)]
    text = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
