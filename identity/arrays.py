"""NumPy arrays and plain values into DuckDB and out again.

DuckDB and PyArrow load pandas, a tenth of a second and more, for the first query with parameters
and the first Arrow table. A dictionary of arrays and `fetchnumpy` do without.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from identity.limits import Ints


def row(values: Mapping[str, int | str | datetime]) -> dict[str, NDArray[Any]]:
    """A table of one row, to be registered: integers, texts and times (UTC) under their names.

    Integers from 2^63 on become ubigint.
    """
    return {
        name: np.array([value], "datetime64[us]" if isinstance(value, datetime) else None)
        for name, value in values.items()
    }


def set_variables(con: duckdb.DuckDBPyConnection, **values: int | str | datetime) -> None:
    """Set variables of this connection, which `getvariable` reads."""
    for name, value in values.items():
        con.execute(f"set variable {name} = {literal(value)}")


def literal(value: int | str | datetime) -> str:
    """`value` as SQL says it; a time is UTC."""
    if isinstance(value, int):
        return str(value)
    if isinstance(value, datetime):
        return f"timestamp '{value}'"
    return "'" + value.replace("'", "''") + "'"


def columns(con: duckdb.DuckDBPyConnection, sql: str) -> list[Ints]:
    """The columns of a query, named and without nulls, as int32 arrays."""
    found = con.execute(sql).fetchnumpy()
    return [np.asarray(column, np.int32) for column in found.values()]


def one(con: duckdb.DuckDBPyConnection, sql: str) -> Any:
    """The only value of a query."""
    ((value,),) = con.execute(sql).fetchall()
    return value
