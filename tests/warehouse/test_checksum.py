"""Equal tables have equal checksums in any row order; any difference shows."""

from collections.abc import Sequence

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse.checksum import combined, table_checksums

Row = tuple[int | None, str | None]
ROWS = st.lists(
    st.tuples(
        st.none() | st.integers(-3, 3),
        st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=3),
    ),
    max_size=6,
)


CON = duckdb.connect()
CON.execute("create schema marts")


def checksum(rows: Sequence[Row]) -> tuple[int, str]:
    CON.execute("create or replace table marts.t (a integer, b varchar)")
    for row in rows:
        CON.execute("insert into marts.t values (?, ?)", row)
    found = table_checksums(CON)
    assert list(found) == ["marts.t"]
    return found["marts.t"]


@settings(max_examples=40, deadline=None)
@given(rows=ROWS, other=ROWS)
def test_equal_exactly_when_the_same_rows_are_there_as_often(
    rows: list[Row], other: list[Row]
) -> None:
    key = repr
    assert checksum(rows) == checksum(rows[::-1])
    assert (checksum(rows) == checksum(other)) == (sorted(rows, key=key) == sorted(other, key=key))


def test_a_duplicate_changes_the_checksum() -> None:
    once, twice, thrice = ([(1, "x"), *[(2, "y")] * n] for n in (1, 2, 3))
    assert len({checksum(once), checksum(twice), checksum(thrice)}) == 3
    others = [(1, "x"), (3, "z"), (3, "z")]
    assert checksum(twice) != checksum(others), "pairs do not cancel each other out"


def test_a_value_in_another_column_is_another_row() -> None:
    with duckdb.connect() as con:
        con.execute("create schema marts")
        con.execute("create table marts.one as select 1 as a, null::integer as b")
        con.execute("create table marts.two as select null::integer as a, 1 as b")
        found = table_checksums(con)
    assert found["marts.one"] != found["marts.two"]


def test_only_the_asked_schemas_of_this_database_count() -> None:
    with duckdb.connect() as con:
        con.execute("attach ':memory:' as published; create schema published.marts")
        con.execute("create table published.marts.elsewhere as select 1 as a")
        con.execute("create schema marts; create schema ops")
        con.execute("create table marts.t as select 1 as a; create table ops.o as select 1 as a")
        assert list(table_checksums(con)) == ["marts.t"]
        assert list(table_checksums(con, ("marts", "ops"))) == ["marts.t", "ops.o"]


def test_combined_depends_on_every_name_count_and_sum() -> None:
    base = {"marts.a": (1, "10"), "marts.b": (2, "20")}
    others = [
        {"marts.a": (1, "10")},
        {"marts.a": (1, "10"), "marts.c": (2, "20")},
        {"marts.a": (1, "10"), "marts.b": (3, "20")},
        {"marts.a": (1, "10"), "marts.b": (2, "21")},
        {"marts.a": (2, "20"), "marts.b": (1, "10")},
    ]
    assert combined(base) == combined(dict(reversed(base.items())))
    assert len({combined(tables) for tables in [base, *others]}) == len(others) + 1
