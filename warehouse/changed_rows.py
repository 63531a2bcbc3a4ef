"""Tables of which only the rows of some keys change: the materialization `changed_rows`."""

from dataclasses import dataclass

import duckdb
import pyarrow as pa

from warehouse.connection import transaction
from warehouse.errors import WarehouseError


@dataclass(frozen=True)
class ChangedRows:
    """What a dbt Python model hands over: the new rows of the `keys`, and no others change.

    `keys` has one column. `is_all`: these keys are all there are, so that the table may be made
    anew. `distinct_texts`: columns of texts that hardly repeat, which are stored by FSST at once;
    DuckDB would try every way to pack them first.
    """

    rows: pa.RecordBatchReader
    keys: pa.Table
    is_all: bool
    distinct_texts: tuple[str, ...] = ()


def write(con: duckdb.DuckDBPyConnection, target: str, changed: ChangedRows) -> None:
    """Replace the rows of the keys in table `target`, in one transaction.

    Raises WarehouseError where the table is not there or has other columns, and not all keys are.
    """
    con.register("given", changed.rows)
    con.register("given_keys", changed.keys)
    (key,) = changed.keys.column_names
    wanted = con.execute("describe from given").fetchall()
    if changed.is_all:
        packed = dict.fromkeys(changed.distinct_texts, " using compression fsst")
        columns = ", ".join(f'"{name}" {kind}{packed.get(name, "")}' for name, kind, *_ in wanted)
        with transaction(con):
            con.execute(f"create or replace table {target} ({columns})")
            con.execute(f"insert into {target} from given")
    elif _columns(con, target) != [column[:2] for column in wanted]:
        raise WarehouseError(
            f"expected a table {target} with the columns that its model gives; build it with all "
            "models that it reads and --full-refresh"
        )
    else:
        with transaction(con):
            con.execute(f"delete from {target} where {key} in (select {key} from given_keys)")
            con.execute(f"insert into {target} by name from given")


def _columns(con: duckdb.DuckDBPyConnection, target: str) -> list[tuple[str, str]]:
    try:
        return [column[:2] for column in con.execute(f"describe {target}").fetchall()]
    except duckdb.CatalogException:
        return []
