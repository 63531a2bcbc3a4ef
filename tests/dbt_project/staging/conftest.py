"""Raw tables as ingestion creates them, and one dbt build of a source's staging per module."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from ingestion import ledger
from ingestion.order import LOAD_ORDER
from warehouse.connection import connect
from warehouse.dbt import build
from warehouse.settings import PROJECT_ROOT

Row = Mapping[str, Any]
Table = Callable[[str], list[dict[str, Any]]]
Stage = Callable[[str, Mapping[str, Sequence[Row]]], Table]

AT = datetime(2026, 3, 1)
_LINEAGE = "_file varchar, _line bigint, _load_id varchar, _loaded_at timestamp"


@cache
def _declared(source: str) -> dict[str, str]:
    """Column definitions of each raw table, from the file that ingestion reads."""
    folder = PROJECT_ROOT / "dbt_project" / "models" / "staging" / source
    declared = yaml.safe_load((folder / f"_{source}__sources.yml").read_text(encoding="utf-8"))
    tables = declared["sources"][0]["tables"]
    assert tables, f"no table is declared for {source}"
    return {table["name"]: _columns(table["columns"]) for table in tables}


def _columns(columns: Sequence[Row]) -> str:
    names = [column["name"] for column in columns]
    identifiers = [c["name"] for c in columns if c["config"]["meta"].get("identifier")]
    texts = names + [f"_normal_{name}" for name in identifiers]
    return ", ".join([f'"{name}" varchar' for name in texts]) + f", {_LINEAGE}"


def _write_loads(source: str, tables: Mapping[str, Sequence[Row]]) -> None:
    """A ledger that knows the loads of these rows, in order of their ids."""
    loads = {(row["_load_id"], name) for name, rows in tables.items() for row in rows}
    with connect("staging tests") as con:
        con.execute("create schema if not exists state")
        con.execute(ledger.LOADS)
        con.execute(LOAD_ORDER)
        con.execute("delete from state.loads")
        for seq, (load_id, name) in enumerate(sorted(loads), start=1):
            one = {"load_id": load_id, "load_seq": seq, "rows_loaded": 1}
            ledger.write(con, ledger.Load(source, name, "export", load_id, "loaded", **one), "", AT)


def _landed(source: str, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The rows with lineage: one file, one load, in order, unless a row says otherwise."""
    return [
        {"_file": f"{source}/export", "_line": line, "_load_id": "00000001-aaaaaaaaaaaa"}
        | dict(row)
        for line, row in enumerate(rows, start=2)
    ]


@pytest.fixture(scope="module")
def stage(module_home: Path, warehouse_with: Callable[..., None]) -> Stage:
    """stage(source, {raw table: rows}) builds and tests that source's models, once per call.

    Returns a function from a model's name to its rows, in order of the first column.
    """

    def run(source: str, tables: Mapping[str, Sequence[Row]]) -> Table:
        declared = _declared(source)
        assert not set(tables) - set(declared), f"{source} declares {sorted(declared)}"
        landed = {name: _landed(source, tables.get(name, ())) for name in declared}
        warehouse_with(
            {f"raw_{source}.{name}": (declared[name], rows) for name, rows in landed.items()}
        )
        _write_loads(source, landed)
        assert build(f"staging.{source}").of("success"), "dbt built nothing"
        return _rows

    return run


def _rows(model: str) -> list[dict[str, Any]]:
    with connect("staging tests", read_only=True) as con:
        found = con.execute(f"select * from staging.{model} order by 1")
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found.fetchall()]
