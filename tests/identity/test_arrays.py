"""What goes into DuckDB without pandas comes out as it was."""

import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import duckdb
import numpy as np
import pytest

from identity.arrays import columns, row, set_variables
from identity.step import resolve
from tests.identity.conftest import Row
from warehouse.settings import settings

VALUES: list[int | str | datetime] = [
    0, -1, 2**40, "", "O'Hara", "'; drop table t; --", "\\'", "naïve \N{SNOWMAN} $1 ?",
    "two\nlines", datetime(2026, 1, 2, 3, 4, 5, 678901), datetime(1969, 12, 31),
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES)
def test_a_variable_is_what_was_set(value: int | str | datetime) -> None:
    with duckdb.connect() as con:
        set_variables(con, other=1, given=value)
        assert con.execute("select getvariable('given')").fetchall() == [(value,)]


def test_a_row_is_what_was_given() -> None:
    given = {"a": 7, "b": 2**63 + 1, "c": "O'Hara", "d": "", "e": datetime(2026, 1, 2, 3)}
    with duckdb.connect() as con:
        con.register("in_row", row(given))
        assert con.execute("from in_row").fetchall() == [tuple(given.values())]


def test_columns_are_numbers_in_the_order_of_the_query() -> None:
    with duckdb.connect() as con:
        b, a = columns(con, "select n * 2 as b, n as a from range(3) numbers (n) order by n")
        none, _ = columns(con, "select 1 as b, 2 as a where false")
    assert (b.tolist(), a.tolist(), none.tolist()) == ([0, 2, 4], [0, 1, 2], [])
    assert {b.dtype, none.dtype} == {np.dtype(np.int32)}


_DAY = """
import sys
from identity.step import resolve
found = resolve("2026-01-02", "run-2")
print(found.resolved, *sorted({"pandas", "pyarrow"} & set(sys.modules)))
"""


def test_a_day_loads_neither_pandas_nor_pyarrow(
    evidence_of: Callable[[list[Row]], None], home: Path
) -> None:
    rows: list[Row] = [(1, f"r{n}", {"user_id": str(n)}) for n in range(9)]
    evidence_of(rows)
    resolve("2026-01-01", "run-1")
    evidence_of([*rows, (2, "s1", {"user_id": "1", "phone": "+1"}), (2, "s2", {"phone": "+1"})])
    assert settings().home == home
    done = subprocess.run([sys.executable, "-c", _DAY], check=True, capture_output=True, text=True)
    assert done.stdout.split() == ["3"]
