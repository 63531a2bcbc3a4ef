"""The figures of a run against counts made by other means."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from identity.step import decide, resolve
from tests.identity.conftest import Row, put_evidence
from tests.identity.test_incremental import rows_of, run, warehouse, world
from warehouse.connection import connect
from warehouse.settings import Settings

Write = Callable[[list[Row]], None]
ANN, BOB = (1, "r1", {"email": "ann@a.test"}), (1, "r2", {"phone": "+14155552671"})
BRIDGE = (2, "r3", {"email": "ann@a.test", "phone": "+14155552671"})
CAT = (3, "r4", {"email": "cat@a.test"})


def figures(con: duckdb.DuckDBPyConnection, number: int) -> dict[str, float]:
    rows = con.execute(
        "select metric, value from state.identity_metrics where run_number = ?", [number]
    ).fetchall()
    assert len(rows) == len(dict(rows))
    return dict(rows)


def owners(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    return dict(con.execute("select record_id, person_id from state.person_records").fetchall())


def test_churn_counts_who_moved_not_who_came(evidence_of: Write) -> None:
    found = []
    for number, rows in enumerate([[ANN, BOB], [ANN, BOB, BRIDGE], [ANN, BOB, CAT]], start=1):
        evidence_of(rows)
        resolve(f"2026-01-{number:02d}", f"run-{number}")
        with connect("test") as con:
            found.append(figures(con, number))
    keys = ("new_records", "gone_records", "moved_records", "merged", "split", "aliases")
    assert [tuple(f[key] for key in keys) for f in found] == [
        (2, 0, 0, 0, 0, 0),
        (1, 0, 1, 1, 0, 1),
        (1, 1, 1, 0, 1, 0),
    ]
    assert "churn" not in found[0]
    assert [f["churn"] for f in found[1:]] == [1 / 2, 1 / 3]
    assert [(f["singles"], f["largest"]) for f in found] == [(2, 1), (0, 3), (3, 1)]


@settings(deadline=None, max_examples=8)
@given(st.lists(world.filter(bool), min_size=2, max_size=4))
def test_figures_are_those_of_a_count_over_everything(
    worlds: list[dict[int, dict[str, int]]],
) -> None:
    with warehouse() as con:
        before: dict[str, str] = {}
        runs = 0
        for step in range(len(worlds)):
            put_evidence(con, rows_of(worlds, step))
            run(con, step + 1, full=False)
            now = owners(con)
            (number,) = con.execute("select max(run_number) from state.identity_runs").fetchone()
            if number == runs:
                continue
            runs = number
            found = figures(con, number)
            sizes = sorted(Counter(now.values()).values())
            both = before.keys() & now.keys()
            moved = sum(before[record] != now[record] for record in both)
            assert found["moved_records"] == moved
            assert found.get("churn") == (moved / len(before) if before else None)
            assert found["new_records"] == len(now.keys() - before.keys())
            assert found["gone_records"] == len(before.keys() - now.keys())
            assert (found["records"], found["people"]) == (len(now), len(sizes))
            assert found["singles"] == sizes.count(1)
            assert found["largest"] == sizes[-1]
            for share in (50, 90, 99):
                assert found[f"size_p{share}"] == np.percentile(sizes, share, method="inverted_cdf")
            before = now


def test_conflicts_are_what_limits_and_splits_by_hand_keep_apart(home: Path) -> None:
    with connect("test set-up") as con:
        put_evidence(con, [
            (1, "a", {"user_id": "u1", "email": "x@a.test"}),
            (1, "b", {"user_id": "u2", "email": "x@a.test"}),
            (1, "c", {"email": "y@a.test"}), (1, "d", {"email": "y@a.test"}),
            (1, "e", {"email": "z@a.test"}),
        ])  # fmt: skip
        decide(con, "2026-01-01", "run-1")
        first = figures(con, 1)
        con.execute(
            "insert into state.identity_overrides (override_number, action) values (1, 'split')"
        )
        con.execute(
            "insert into state.identity_override_records "
            "select 1, if(record_id = 'd', 'out', 'in'), source, record_type, record_id, "
            "record_hash from state.person_records where record_id in ('c', 'd')"
        )
        decide(con, "2026-01-02", "run-2")
        second = figures(con, 2)
    keys = ("refused", "refused_new", "refused_by_split", "conflicts")
    assert [tuple(f[key] for key in keys) for f in (first, second)] == [(1, 1, 0, 1), (2, 1, 1, 2)]


def test_sizes_are_counted_where_the_run_before_wrote_none(home: Path) -> None:
    with connect("test") as con:
        put_evidence(con, [ANN, BOB])
        decide(con, "2026-01-01", "run-1")
        con.execute("delete from state.identity_sizes")
        put_evidence(con, [ANN, BOB, CAT, (3, "r5", {"email": "cat@a.test"})])
        decide(con, "2026-01-02", "run-2")
        sizes = con.execute("select size, people from state.identity_sizes order by 1").fetchall()
    assert sizes == [(1, 2), (2, 1)]


def test_a_run_that_decides_nothing_writes_no_figures(evidence_of: Write) -> None:
    evidence_of([ANN, BOB])
    resolve("2026-01-01", "run-1")
    resolve("2026-01-02", "run-2")
    with connect("test") as con:
        assert con.execute("select distinct run_number from state.identity_metrics").fetchall() == [
            (1,)
        ]


def test_the_sample_is_scored_against_its_truth(
    home: Path, monkeypatch: pytest.MonkeyPatch, evidence_of: Write
) -> None:
    (home / "records.csv").write_text(
        "source,record_type,record_id,person\n"
        "hubspot,contact,r1,ann\nhubspot,contact,r2,bob\nhubspot,contact,r3,ann\n"
    )
    monkeypatch.setattr(Settings, "truth", property(lambda _: home))
    evidence_of([ANN, BOB])
    resolve("2026-01-01", "run-1")
    Settings().sample_marker.write_text("")
    evidence_of([ANN, BOB, BRIDGE])
    resolve("2026-01-02", "run-2")
    with connect("test") as con:
        before, found = figures(con, 1), figures(con, 2)
    assert "precision" not in before
    # One person holds all three records; one of three pairs is right.
    assert (found["precision"], found["recall"], found["f1"]) == (1 / 3, 1, 1 / 2)
    assert found["bcubed_precision"] == pytest.approx((2 / 3 + 2 / 3 + 1 / 3) / 3)
    assert (found["bcubed_recall"], found["unreachable"]) == (1, 0)
