"""webhook: signed HTTP POSTs to an endpoint that its owner runs.

One request carries up to `batch_size` records, each with its own idempotency key; the request has
one too. The receiver must apply a record's key once. Redirects are not followed.
"""

import hashlib
import json
import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

import httpx2

from activation.config import Sync
from activation.connections import Connection
from activation.errors import ConnectionInvalid, SyncConfigError
from activation.http_calls import Answer, check_url, is_loopback, judge, outcomes, sign
from activation.records import Audience, Outcome, Record

_OPTIONS = {"batch_size": 100, "max_attempts": 4, "timeout_seconds": 30, "max_pause_seconds": 60}

# The client writes every address at INFO, and an address may carry a token.
logging.getLogger("httpx2").setLevel(logging.WARNING)


class Webhook:
    """One endpoint. `sleep`, `clock` (Unix seconds) and `jitter` (0 to 1) are replaceable."""

    def __init__(
        self,
        sync: Sync,
        connection: Connection,
        *,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.time,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        options = _options(sync)
        self.batch_size: int | None = int(options["batch_size"])
        self._max_attempts = int(options["max_attempts"])
        self._max_pause = options["max_pause_seconds"]
        self._sync = sync.name
        self._connection = connection
        self._sleep, self._clock, self._jitter = sleep, clock, jitter
        self._client = httpx2.Client(
            timeout=options["timeout_seconds"],
            follow_redirects=False,
            trust_env=not is_loopback(urlsplit(connection.url).hostname or ""),
        )

    def check(self) -> None:
        """The address is https (or this machine) and there is a secret to sign with."""
        check_url(self._connection.name, self._connection.url)
        if not self._connection.secret:
            raise ConnectionInvalid(
                f"connection {self._connection.name}: expected a secret (the password) to sign with"
            )

    def prepare(self, audience: Audience) -> None:
        """Nothing to stage: records travel one by one."""

    def send(self, records: Sequence[Record]) -> list[Outcome]:
        """POST adds and changes."""
        return self._deliver(list(records))

    def remove(self, records: Sequence[Record]) -> list[Outcome]:
        """POST removals."""
        return self._deliver(list(records))

    def _deliver(self, records: list[Record]) -> list[Outcome]:
        if not records:
            return []
        answer, attempts = self._post(records)
        if answer.is_rejection and len(records) > 1:
            # One bad record must not take the others with it: halve until it stands alone.
            middle = len(records) // 2
            return self._deliver(records[:middle]) + self._deliver(records[middle:])
        return outcomes(records, answer, attempts)

    def _post(self, records: list[Record]) -> tuple[Answer, int]:
        body = encode(self._sync, records)
        key = request_key(records)
        was_ambiguous = False
        for attempt in range(1, self._max_attempts + 1):
            answer = self._once(body, key)
            was_ambiguous = was_ambiguous or answer.is_ambiguous
            pause = self._pause(attempt, answer.retry_after)
            if answer.is_final or attempt == self._max_attempts or pause > self._max_pause:
                break
            self._sleep(pause)
        # An earlier attempt that may have been applied is not undone by a later refusal.
        is_ambiguous = was_ambiguous and answer.error_class is not None
        return replace(answer, is_ambiguous=is_ambiguous), attempt

    def _once(self, body: bytes, key: str) -> Answer:
        timestamp = int(self._clock())
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": key,
            "X-Onefold-Timestamp": str(timestamp),
            "X-Onefold-Signature": sign(self._connection.secret, timestamp, body),
        }
        try:
            response = self._client.post(self._connection.url, content=body, headers=headers)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout):
            return Answer("connection", is_final=False)
        except httpx2.TimeoutException:
            return Answer("timeout", is_ambiguous=True, is_final=False)
        except httpx2.TransportError:
            return Answer("broken_off", is_ambiguous=True, is_final=False)
        retry_after = response.headers.get("Retry-After")
        return judge(response.status_code, response.content, retry_after, self._clock())

    def _pause(self, attempt: int, retry_after: float | None) -> float:
        """Seconds to wait: what the receiver asked for, else 0.5·2ⁿ with jitter of one half."""
        if retry_after is not None:
            return retry_after
        return float(0.5 * 2 ** (attempt - 1) * (0.5 + 0.5 * self._jitter()))


def connect(sync: Sync, connection: Connection | None) -> Webhook:
    """Open the endpoint of this sync."""
    if connection is None:
        raise SyncConfigError(f"sync {sync.name}: expected `connection` to name the endpoint")
    return Webhook(sync, connection)


def encode(sync: str, records: Sequence[Record]) -> bytes:
    """The body: a function of the records alone, so a replay sends the same bytes."""
    return f'{{"sync":{json.dumps(sync)},"records":[{",".join(map(_record, records))}]}}'.encode()


def request_key(records: Sequence[Record]) -> str:
    """SHA-256 over the records' keys, one per line."""
    return hashlib.sha256("\n".join(r.idempotency_key for r in records).encode()).hexdigest()


def _record(record: Record) -> str:
    head = {
        "idempotency_key": record.idempotency_key,
        "record_key": record.record_key,
        "action": "remove" if record.action == "remove" else "upsert",
    }
    # The payload is JSON text already; parsing it again could change a number.
    return json.dumps(head)[:-1] + f', "fields": {record.payload or "{}"}}}'


def _options(sync: Sync) -> dict[str, float]:
    options: dict[str, float] = dict(_OPTIONS)
    for name, value in sync.options.items():
        if name not in options or isinstance(value, bool) or not isinstance(value, int | float):
            raise SyncConfigError(
                f"sync {sync.name}: expected options {', '.join(_OPTIONS)} with a number, "
                f"got {name}: {value!r}"
            )
        options[name] = value
    if options["batch_size"] < 1 or options["max_attempts"] < 1:
        raise SyncConfigError(f"sync {sync.name}: expected batch_size and max_attempts ≥ 1")
    return options
