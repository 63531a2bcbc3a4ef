"""Opening the build warehouse: one process at a time, every commit in one place."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from warehouse.errors import WarehouseBusy, WarehouseError
from warehouse.settings import Settings, settings

STORAGE = {"storage_compatibility_version": "v1.0.0"}
"""The oldest file format that BI drivers on DuckDB 1.x all read, also when written by 2.x."""

_POLL_SECONDS = 0.05
_depth: dict[Path, int] = {}


@contextmanager
def lock(holder: str, s: Settings | None = None) -> Iterator[None]:
    """Hold the operating system's lock on this deployment's warehouse.

    Waits up to `lock_timeout_seconds`; raises WarehouseBusy naming the holder. Re-entrant within a
    process. The kernel frees the lock when the process dies, however it dies.
    """
    s = s or settings()
    path = s.home / "warehouse.lock"
    if _depth.get(path):
        _depth[path] += 1
        try:
            yield
        finally:
            _depth[path] -= 1
        return
    handle = _open(path)
    try:
        _wait(handle, path, s.lock_timeout_seconds)
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{holder} (process {os.getpid()})".encode(), 0)
        _depth[path] = 1
        try:
            yield
        finally:
            _depth[path] = 0
    finally:
        os.close(handle)


def _open(path: Path) -> int:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise WarehouseError(
            f"expected a folder that can be written at {path.parent}, got: {error.strerror}; "
            "set ONEFOLD_HOME"
        ) from None


def _wait(handle: int, path: Path, timeout: float) -> None:
    deadline = time.monotonic() + timeout
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                holder = os.pread(handle, 200, 0).decode(errors="replace") or "another process"
                raise WarehouseBusy(
                    f"expected the warehouse to be free within {timeout:g} s, but {holder} holds "
                    f"{path}; wait for it, or raise ONEFOLD_LOCK_TIMEOUT_SECONDS"
                ) from None
            time.sleep(_POLL_SECONDS)


@contextmanager
def connect(
    holder: str, *, read_only: bool = False, s: Settings | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the build warehouse under the lock; UTC, the deployment's threads and memory.

    `read_only` states intent: a missing file is then an error rather than created.
    """
    s = s or settings()
    if read_only and not s.warehouse.exists():
        raise WarehouseError(f"expected a warehouse at {s.warehouse}, found none; `onefold run`")
    with lock(holder, s):
        con = duckdb.connect(str(s.warehouse), config={**STORAGE, "threads": s.threads})
        try:
            con.execute("set timezone = 'UTC'")
            con.execute("set enable_progress_bar = false")
            if s.memory_limit:
                con.execute(f"set memory_limit = '{s.memory_limit}'")
            yield con
        finally:
            con.close()


def fetch_rows(
    con: duckdb.DuckDBPyConnection, sql: str, values: list[Any] | dict[str, Any] | None = None
) -> list[dict[str, Any]]:
    """The rows of a query, as dictionaries by the names of its columns."""
    result = con.execute(sql, values) if values else con.execute(sql)
    names = [column[0] for column in result.description or []]
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]


@contextmanager
def transaction(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """BEGIN … COMMIT, or ROLLBACK when the block raises. The only place that commits to DuckDB."""
    con.execute("begin transaction")
    try:
        yield
    except BaseException:
        con.execute("rollback")
        raise
    commit(con)


def commit(con: duckdb.DuckDBPyConnection) -> None:
    """Make the open transaction durable."""
    con.execute("commit")
