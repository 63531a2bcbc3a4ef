"""One writing process at a time, and every commit in one place."""

import fcntl
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import duckdb
import pytest

from warehouse.connection import connect, lock, transaction
from warehouse.errors import WarehouseBusy, WarehouseError
from warehouse.settings import Settings, settings

HOLD = """
import sys
from warehouse.connection import connect
with connect("the nightly load"):
    print("held", flush=True)
    sys.stdin.read()
print("free", flush=True)
"""
TAKE = """
from warehouse.connection import connect
print("waiting", flush=True)
with connect("the second") as con:
    print("got", con.execute("select count(*) from t").fetchone()[0], flush=True)
"""


@contextmanager
def process(code: str, **env: str) -> Iterator[subprocess.Popen[str]]:
    """Another process of the same deployment; it has said its first line."""
    running = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, **env},
    )  # fmt: skip
    try:
        assert running.stdout is not None
        assert running.stdout.readline() in ("held\n", "waiting\n")
        yield running
    finally:
        running.kill()
        running.communicate()


def is_free(home: Path) -> bool:
    """Whether somebody else could take the lock: it belongs to an open file, not to a process."""
    home.mkdir(exist_ok=True)
    with (home / "warehouse.lock").open("a") as probe:
        try:
            fcntl.flock(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True


def test_the_lock_times_out_and_names_the_holder(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONEFOLD_LOCK_TIMEOUT_SECONDS", "0.01")
    with process(HOLD) as holder, pytest.raises(WarehouseBusy) as raised, connect("test"):
        pass
    message = str(raised.value)
    assert f"the nightly load (process {holder.pid})" in message
    assert "ONEFOLD_LOCK_TIMEOUT_SECONDS" in message
    assert "0.01 s" in message


def test_who_waits_gets_the_lock_and_sees_what_was_written(home: Path) -> None:
    with ExitStack() as held:
        con = held.enter_context(connect("first"))
        con.execute("create table t as select 1 as a")
        with process(TAKE, ONEFOLD_LOCK_TIMEOUT_SECONDS="60") as second:
            con.execute("insert into t values (2)")
            assert second.poll() is None
            held.close()
            assert second.stdout is not None
            assert second.stdout.readline() == "got 2\n"


def test_the_lock_is_free_when_its_holder_is_killed(home: Path) -> None:
    with process(HOLD) as holder:
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        with connect("test") as con:
            assert con.execute("select 1").fetchone() == (1,)


def test_the_lock_is_re_entrant_and_only_the_outer_end_frees_it(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONEFOLD_LOCK_TIMEOUT_SECONDS", "0")
    with lock("outer"):
        with connect("inner") as con, connect("innermost") as other:
            con.execute("create table t as select 1 as a")
            assert other.execute("select a from t").fetchone() == (1,)
        with connect("one more"):
            assert not is_free(home)
        assert not is_free(home)
    assert is_free(home)


def test_the_lock_is_free_after_an_error(home: Path) -> None:
    with pytest.raises(ZeroDivisionError), connect("test"):
        _ = 1 / 0
    assert is_free(home)
    with pytest.raises(ZeroDivisionError), lock("outer"), connect("inner"):
        _ = 1 / 0
    assert is_free(home)


def test_two_deployments_never_wait_for_each_other(home: Path) -> None:
    other = Settings(home=home / "other")
    with connect("one"):
        assert is_free(other.home)
        with connect("two", s=other):
            assert not is_free(other.home)


def test_a_connection_thinks_in_utc_and_writes_the_old_format(home: Path) -> None:
    with connect("test") as con:
        assert con.execute("select current_setting('TimeZone')").fetchone() == ("UTC",)
        tags = con.execute(
            "select tags['storage_version'] from duckdb_databases() where path = ?",
            [str(settings().warehouse)],
        ).fetchone()
    assert tags is not None
    assert tags[0].startswith("v1.0.0")


def test_a_reader_does_not_create_a_warehouse(home: Path) -> None:
    with pytest.raises(WarehouseError, match=r"expected a warehouse at .*onefold run"):
        connect("test", read_only=True).__enter__()
    assert not settings().warehouse.exists()


def test_a_transaction_commits_at_its_end(home: Path) -> None:
    with connect("test") as con, transaction(con):
        con.execute("create table t as select 1 as a")
    with connect("test", read_only=True) as con:
        assert con.execute("from t").fetchall() == [(1,)]


@pytest.mark.parametrize("failure", [ZeroDivisionError, KeyboardInterrupt, duckdb.Error])
def test_a_transaction_rolls_back_whatever_ends_it(
    home: Path, failure: type[BaseException]
) -> None:
    with connect("test") as con:
        con.execute("create table t as select 1 as a")
        with pytest.raises(failure), transaction(con):
            con.execute("insert into t values (2)")
            con.execute("create table other (a integer)")
            if failure is duckdb.Error:
                con.execute("select * from missing")
            raise failure
        assert con.execute("from t").fetchall() == [(1,)]
        with transaction(con):
            con.execute("insert into t values (3)")
    with connect("test") as con:
        assert con.execute("from t order by a").fetchall() == [(1,), (3,)]
        assert con.execute("show tables").fetchall() == [("t",)]
