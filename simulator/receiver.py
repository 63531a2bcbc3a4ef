"""The invented company's own webhook endpoint, on loopback, for the sample and for tests.

It verifies the signature, applies each record's idempotency key once, keeps what it got in a SQLite
file, and misbehaves on request: the n-th fault of the script meets the n-th request.
"""

import hashlib
import hmac
import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

_TOLERANCE_SECONDS = 300
_LONGEST_BODY = 10_000_000

_SCHEMA = (
    """create table if not exists deliveries (
        position integer primary key autoincrement,
        idempotency_key text not null unique,
        request_key text not null,
        sync text not null,
        record_key text not null,
        action text not null
    )""",
    """create table if not exists records (
        sync text not null,
        record_key text not null,
        fields text not null,
        primary key (sync, record_key)
    )""",
)


@dataclass(frozen=True)
class Fault:
    """One request's fate instead of a plain 200.

    kind: ok, rate_limit (429 with Retry-After), error_before and error_after (500 before or after
    the commit), timeout_before and timeout_after (no answer while the client waits), drop_after
    (connection closed after the commit), partial (207; `keys` fail), reject (422 if the request
    holds one of `keys`), redirect, unauthorized.
    """

    kind: str
    retry_after: str = "1"
    keys: frozenset[str] = frozenset()


@dataclass
class Receiver:
    """A running endpoint. `requests` counts every POST, also those that were refused."""

    url: str
    db_path: Path
    requests: list[str] = field(default_factory=list)
    keys_seen: list[str] = field(default_factory=list)

    def held(self, sync: str) -> dict[str, dict[str, Any]]:
        """The records this company now holds for a sync: fields by record key."""
        with _database(self.db_path) as con:
            rows = con.execute("select record_key, fields from records where sync = ?", (sync,))
            return {key: json.loads(fields) for key, fields in rows}

    def deliveries(self) -> list[tuple[str, str]]:
        """(record key, action) of every change that was applied, in order."""
        with _database(self.db_path) as con:
            rows = con.execute("select record_key, action from deliveries order by position")
            return [(key, action) for key, action in rows]


@contextmanager
def start(
    db_path: Path,
    secret: str,
    faults: Sequence[Fault] = (),
    clock: Callable[[], float] = time.time,
) -> Iterator[Receiver]:
    """Serve on a free loopback port until the block ends. `clock` gives Unix seconds."""
    db_path.parent.mkdir(parents=True, exist_ok=True)
    with _database(db_path) as con:
        for statement in _SCHEMA:
            con.execute(statement)
    server = _Server(db_path, secret, faults, clock)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server.receiver
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    def __init__(
        self, db_path: Path, secret: str, faults: Sequence[Fault], clock: Callable[[], float]
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.secret, self.clock = secret, clock
        self.script = list(faults)
        self.closing = threading.Event()
        self.one_at_a_time = threading.Lock()
        self.receiver = Receiver(f"http://127.0.0.1:{self.server_port}/onefold", db_path)

    def next_fault(self) -> Fault:
        return self.script.pop(0) if self.script else Fault("ok")


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: a request line may carry personal data."""

    def do_POST(self) -> None:
        """Take one request through the fault script."""
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(min(length, _LONGEST_BODY))
        with self.server.one_at_a_time:
            fault = self.server.next_fault()
            self.server.receiver.requests.append(fault.kind)
            self.server.receiver.keys_seen.append(self.headers.get("Idempotency-Key") or "")
        if not self._is_signed(body):
            self._answer(401, {"error": "signature"})
            return
        self._meet(fault, json.loads(body))

    def _meet(self, fault: Fault, content: dict[str, Any]) -> None:
        if fault.kind == "rate_limit":
            self._answer(429, {}, {"Retry-After": fault.retry_after})
        elif fault.kind == "error_before":
            self._answer(500, {})
        elif fault.kind == "redirect":
            self._answer(302, {}, {"Location": self.server.receiver.url})
        elif fault.kind == "unauthorized":
            self._answer(401, {})
        elif fault.kind == "timeout_before":
            self._fall_silent()
        elif fault.kind == "reject" and _keys(content) & fault.keys:
            self._answer(422, {"error": "rejected"})
            self._repeat(fault)
        elif fault.kind == "reject":
            self._accept(content, frozenset())
            self._repeat(fault)
        else:
            self._commit_then(fault, content)

    def _repeat(self, fault: Fault) -> None:
        """A record that is bad stays bad, however the batch is cut."""
        with self.server.one_at_a_time:
            self.server.script.insert(0, fault)

    def _commit_then(self, fault: Fault, content: dict[str, Any]) -> None:
        if fault.kind in ("ok", "partial"):
            self._accept(content, fault.keys if fault.kind == "partial" else frozenset())
            return
        self._store(content, frozenset())
        if fault.kind == "error_after":
            self._answer(500, {})
        elif fault.kind == "timeout_after":
            self._fall_silent()
        elif fault.kind == "drop_after":
            self.close_connection = True
        else:
            raise ValueError(f"unknown fault {fault.kind!r}")

    def _accept(self, content: dict[str, Any], bad: frozenset[str]) -> None:
        self._store(content, bad)
        results = [
            {"idempotency_key": r["idempotency_key"]}
            | (
                {"status": "error", "error": "invalid"}
                if r["record_key"] in bad
                else {"status": "ok"}
            )
            for r in content["records"]
        ]
        self._answer(207 if bad else 200, {"results": results})

    def _store(self, content: dict[str, Any], bad: frozenset[str]) -> None:
        request_key = self.headers.get("Idempotency-Key") or ""
        with self.server.one_at_a_time, _database(self.server.receiver.db_path) as con:
            for record in content["records"]:
                if record["record_key"] not in bad:
                    _apply(con, content["sync"], record, request_key)

    def _is_signed(self, body: bytes) -> bool:
        timestamp = self.headers.get("X-Onefold-Timestamp") or ""
        if not timestamp.isdigit():
            return False
        if abs(self.server.clock() - int(timestamp)) > _TOLERANCE_SECONDS:
            return False
        message = timestamp.encode() + b"." + body
        expected = hmac.new(self.server.secret.encode(), message, hashlib.sha256).hexdigest()
        given = self.headers.get("X-Onefold-Signature") or ""
        return hmac.compare_digest(f"v1={expected}", given)

    def _fall_silent(self) -> None:
        # The client gives up first; the wait ends with the server in any case.
        self.server.closing.wait(30)
        self.close_connection = True

    def _answer(
        self, code: int, content: Mapping[str, Any], headers: Mapping[str, str] | None = None
    ) -> None:
        body = json.dumps(content).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def _keys(content: dict[str, Any]) -> set[str]:
    return {record["record_key"] for record in content["records"]}


def _apply(con: sqlite3.Connection, sync: str, record: dict[str, Any], request_key: str) -> None:
    key = record["record_key"]
    new = con.execute(
        "insert or ignore into deliveries (idempotency_key, request_key, sync, record_key, action)"
        " values (?, ?, ?, ?, ?)",
        (record["idempotency_key"], request_key, sync, key, record["action"]),
    )
    if not new.rowcount:
        return
    con.execute("delete from records where sync = ? and record_key = ?", (sync, key))
    if record["action"] != "remove":
        con.execute(
            "insert into records values (?, ?, ?)", (sync, key, json.dumps(record["fields"]))
        )


@contextmanager
def _database(path: Path) -> Iterator[sqlite3.Connection]:
    con = sqlite3.connect(path, timeout=30, isolation_level=None)
    try:
        con.execute("begin")
        yield con
        con.execute("commit")
    finally:
        con.close()
