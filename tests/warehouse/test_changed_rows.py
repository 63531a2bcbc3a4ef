"""A table of which some keys' rows are given anew."""

from pathlib import Path

import pyarrow as pa
import pytest

from warehouse.changed_rows import ChangedRows, write
from warehouse.connection import connect
from warehouse.errors import WarehouseError


def changed(rows: dict[str, list[object]], keys: list[str], is_all: bool = False) -> ChangedRows:
    table = pa.table(rows)
    return ChangedRows(table.to_reader(), pa.table({"id": keys}), is_all)


def stored(*steps: ChangedRows) -> list[tuple[object, ...]]:
    with connect("test") as con:
        for step in steps:
            write(con, "kept", step)
        return con.execute("from kept order by all").fetchall()


FIRST = {"id": ["a", "a", "b", "c"], "value": [1, 2, 3, 4]}


def test_rows_of_other_keys_stay(home: Path) -> None:
    found = stored(
        changed(FIRST, ["a", "b", "c"], is_all=True),
        changed({"id": ["a", "d"], "value": [9, 8]}, ["a", "c", "d"]),
    )
    assert found == [("a", 9), ("b", 3), ("d", 8)]


def test_a_table_is_made_anew_where_all_keys_are_given(home: Path) -> None:
    found = stored(
        changed(FIRST, ["a", "b", "c"], is_all=True),
        changed({"id": ["x"], "other": ["y"]}, ["x"], is_all=True),
    )
    assert found == [("x", "y")]


@pytest.mark.parametrize("before", [None, {"id": ["a"], "other": ["y"]}])
def test_a_part_is_refused_where_it_has_nowhere_to_go(
    before: dict[str, list[object]] | None, home: Path
) -> None:
    with connect("test") as con:
        if before:
            write(con, "kept", changed(before, ["a"], is_all=True))
        with pytest.raises(WarehouseError, match="--full-refresh"):
            write(con, "kept", changed(FIRST, ["a"]))
