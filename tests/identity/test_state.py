"""A state that an older version left goes on as if this one had made it."""

import duckdb

from identity import state
from tests.identity.conftest import Row, put_evidence
from tests.identity.test_incremental import run, warehouse

FIRST: list[Row] = [
    (1, "r1", {"email": "ann@a.test"}), (1, "r2", {"phone": "+1"}), (1, "r3", {"user_id": "3"}),
    (1, "r4", {}),
]  # fmt: skip
JOINS: Row = (2, "r5", {"email": "ann@a.test", "phone": "+1"})
LATER = {
    "people": "person_number",
    "person_records": "person_number",
    "identity_runs": "records_sum",
}
TABLES = ("people", "person_records", "former_person_records", "aliases", "merge_events", "edges",
          "refused_merges", "identity_runs", "identity_metrics")  # fmt: skip


def told(con: duckdb.DuckDBPyConnection) -> dict[str, list[object]]:
    """What the state says, leaving out what is for its own use."""
    found = {}
    for table in TABLES:
        left_out = f"exclude ({LATER[table]})" if table in LATER else ""
        found[table] = con.execute(
            f"select * {left_out} from state.{table} order by all"
        ).fetchall()
    return found


def numbers(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    return dict(con.execute("select person_id, person_number from state.people").fetchall())


def test_columns_that_came_later_are_filled() -> None:
    with warehouse() as old, warehouse() as new:
        for con in (old, new):
            put_evidence(con, FIRST)
            assert run(con, 1, full=False).people == 4
        for table, column in LATER.items():
            old.execute(f"alter table state.{table} drop column {column}")
        for number, rows in enumerate([[*FIRST, JOINS], [FIRST[0], *FIRST[2:]]], start=2):
            for con in (old, new):
                put_evidence(con, rows)
            assert run(old, number, full=False) == run(new, number, full=False)
            assert told(old) == told(new)
        assert len(told(old)["former_person_records"]) > 0
        found = numbers(old)
        assert len({*found.values()} - {None}) == len(found) == 4
        kept = old.execute("select person_id, person_number from state.person_records").fetchall()
        assert len(kept) == 3
        assert all(found[person] == number for person, number in kept)


def test_a_state_that_is_up_to_date_stays_as_it_is() -> None:
    with warehouse() as con:
        put_evidence(con, FIRST)
        run(con, 1, full=False)
        before = numbers(con)
        state.create(con)
        assert numbers(con) == before
        assert sorted(before.values()) == [0, 1, 2, 3]
