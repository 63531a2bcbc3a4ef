"""What only the touched records cost gives the same as everything resolved anew."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from identity import evidence
from identity.step import decide
from ingestion.ledger import load_id
from tests.identity.conftest import Row, put_evidence

TABLES = ("people", "person_records", "former_person_records", "aliases", "merge_events",
          "refused_merges", "edges", "identity_metrics", "identity_sizes")  # fmt: skip
VALUES = {"user_id": 2, "email": 4, "phone": 3, "anonymous_id": 3}

held = st.dictionaries(st.sampled_from(sorted(VALUES)), st.integers(0, 3), max_size=3)
world = st.dictionaries(st.integers(0, 6), held, max_size=6)


@contextmanager
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    con = duckdb.connect(config={"threads": 1})
    try:
        yield con
    finally:
        con.close()


def rows_of(worlds: list[dict[int, dict[str, int]]], step: int) -> list[Row]:
    """The evidence after a step: a record keeps the load in which it came to be as it is."""
    rows = []
    for record, found in worlds[step].items():
        since = step
        while since and worlds[since - 1].get(record) == found:
            since -= 1
        values = {kind: f"{kind[0]}{value % VALUES[kind]}" for kind, value in found.items()}
        rows.append((since + 1, f"r{record}", values))
    return rows


def run(con: duckdb.DuckDBPyConnection, number: int, *, full: bool) -> Any:
    at = f"2026-01-{number:02d} 00:00:00"
    return decide(con, at, f"run-{number}", full=full)


def everything(con: duckdb.DuckDBPyConnection) -> dict[str, list[Any]]:
    return {t: con.execute(f"select * from state.{t} order by all").fetchall() for t in TABLES}


def groups(con: duckdb.DuckDBPyConnection) -> list[Any]:
    return con.execute(
        "select list(record_id order by record_id) from state.person_records "
        "group by person_id order by 1"
    ).fetchall()


@settings(deadline=None, max_examples=12)
@given(st.lists(world.filter(bool), min_size=2, max_size=4))
def test_a_history_resolved_bit_by_bit_is_as_resolved_whole(
    worlds: list[dict[int, dict[str, int]]],
) -> None:
    with warehouse() as bits, warehouse() as whole, warehouse() as last:
        for step in range(len(worlds)):
            rows = rows_of(worlds, step)
            for con in (bits, whole):
                put_evidence(con, rows)
            run(bits, step + 1, full=False)
            run(whole, step + 1, full=True)
            assert everything(bits) == everything(whole)
        put_evidence(last, rows_of(worlds, len(worlds) - 1))
        run(last, 1, full=False)
        assert groups(last) == groups(bits)


def test_only_the_touched_are_resolved() -> None:
    rows: list[Row] = [(1, f"r{n:03}", {"email": f"x{n // 2}@a.test"}) for n in range(200)]
    with warehouse() as con:
        put_evidence(con, rows)
        assert run(con, 1, full=False).resolved == 200
        assert run(con, 2, full=False).resolved == 0
        put_evidence(con, [*rows, (2, "s", {"email": "x7@a.test"}), (2, "t", {"phone": "+1"})])
        assert run(con, 3, full=False).resolved == 4
        put_evidence(con, rows)
        found = run(con, 4, full=False)
        assert (found.resolved, found.changed, found.erased) == (2, 2, 1)


def test_a_link_that_vanishes_without_a_load_is_found_by_the_checksum(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows: list[Row] = [(1, "r1", {"email": "a@a.test"}), (1, "r2", {"email": "a@a.test"}),
                       (1, "r3", {"email": "b@a.test"})]  # fmt: skip
    looked: list[str] = []
    noted = evidence._EVERYWHERE + "; set variable everywhere = 1"
    monkeypatch.setattr(evidence, "_EVERYWHERE", noted)
    with warehouse() as con:
        put_evidence(con, rows)
        run(con, 1, full=False)
        put_evidence(con, [*rows, (2, "r4", {"email": "b@a.test"})])
        run(con, 2, full=False)
        looked.append(str(con.execute("select getvariable('everywhere')").fetchall()))
        put_evidence(con, [rows[0], rows[2], (2, "r4", {"email": "b@a.test"})])
        assert run(con, 3, full=False).changed == 1
        looked.append(str(con.execute("select getvariable('everywhere')").fetchall()))
        assert looked == ["[(None,)]", "[(1,)]"]
        assert groups(con) == [(["r1"],), (["r3", "r4"],)]


def test_the_log_says_what_was_seen_and_what_no_longer() -> None:
    rows: list[Row] = [(1, "r1", {"email": "a@a.test", "phone": "+1"})]
    with warehouse() as con:
        put_evidence(con, rows)
        run(con, 1, full=False)
        put_evidence(con, [(2, "r1", {"email": "a@a.test"})])
        run(con, 2, full=False)
        put_evidence(con, [(3, "r1", {"email": "a@a.test", "phone": "+1"})])
        run(con, 3, full=False)
        log = con.execute(
            "select run_number, is_observed, id_type from state.edges order by all"
        ).fetchall()
        assert [row for row in log if row[2] == "phone"] == [
            (1, True, "phone"), (2, False, "phone"), (3, True, "phone")]  # fmt: skip


def test_another_versions_hashes_change_nothing() -> None:
    rows: list[Row] = [(1, "r1", {"email": "a@a.test"}), (1, "r2", {"email": "a@a.test"})]
    with warehouse() as con:
        put_evidence(con, rows)
        run(con, 1, full=False)
        before = everything(con)
        for table, column in (
            ("edges", "link_hash"), ("edges", "record_hash"), ("edges", "value_hash"),
            ("person_records", "record_hash"), ("person_records", "component"),
            ("identity_runs", "hash_probe"),
        ):  # fmt: skip
            con.execute(f"update state.{table} set {column} = xor({column}, 12345)")
        found = run(con, 2, full=False)
        assert (found.resolved, found.changed) == (0, 0)
        assert everything(con) == before


@pytest.mark.parametrize(
    ("last", "earlier", "later"),
    [
        (
            "00000007-0123456789ab",
            ["00000007-0123456789ab", "00000006-f"],
            ["00000008-0", "00000010-f"],
        ),
        ("00000099-f", ["00000099-f", "00000009-f"], ["00000100-0"]),
        ("00000002", ["00000001", "00000002"], ["00000003"]),
        ("", [""], ["00000001-0", "a"]),
        ("load 1", ["load 1", "load 0"], ["load 10", "load 2"]),
    ],
)
def test_a_later_load_is_told_by_its_number(
    last: str, earlier: list[str], later: list[str]
) -> None:
    least = evidence.next_load_id(last)
    assert all(load < least for load in earlier)
    assert all(load >= least for load in later)


def test_ids_of_loads_begin_with_their_number() -> None:
    assert evidence.next_load_id(load_id(41, "f" * 64)) <= load_id(42, "0" * 64)
