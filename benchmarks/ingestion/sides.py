"""The two sides, each in a process of its own: `python -m benchmarks.ingestion.sides SIDE FOLDER`.

Prints one JSON object: seconds, peak memory in MB, rows, rejected.
"""

import json
import resource
import sys
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from ingestion import ledger
from ingestion.json_paths import bulk
from ingestion.load import ingest_file
from ingestion.sources import Dialect, Table, find_table, read_tables
from ingestion.tombstones import bury
from warehouse.connection import STORAGE, connect, transaction
from warehouse.settings import settings

TOMBSTONES = 100_000


def tables() -> dict[str, Table]:
    """Web events as JSON lines, as the house declares them, and the same columns as CSV."""
    events = find_table(read_tables(), "web_events", "events")
    columns = tuple(c.model_copy(update={"path": ()}) for c in events.columns)
    update = {"name": "events_csv", "dialect": Dialect(format="csv"), "columns": columns}
    return {"jsonl": events, "csv": events.model_copy(update=update)}


def land(files: Sequence[Path]) -> tuple[int, int]:
    """Land the files with every check; returns rows and rejected lines."""
    known = tables()
    with connect("benchmark") as con:
        ledger.prepare(con, tuple(known.values()))
        loads = [ingest_file(con, file, known[file.suffix[1:]]).load for file in files]
        con.execute("checkpoint")
    assert all(load.status == "loaded" for load in loads), [load.message for load in loads]
    return sum(load.rows_loaded for load in loads), sum(load.rows_rejected for load in loads)


def prepare() -> None:
    """The tombstones of people who were erased: a tenth of them are in the files."""
    people = [
        ("email", f"person{10 * i}@company{10 * i % 5003}.example") for i in range(TOMBSTONES)
    ]
    with connect("benchmark") as con:
        ledger.prepare(con, tuple(tables().values()))
        with transaction(con):
            bury(con, people, datetime(2026, 1, 1))


def create_as_select(files: Sequence[Path]) -> tuple[int, int]:
    """DuckDB alone: the same columns as text, malformed lines ignored."""
    home = settings()
    known, rows = tables(), 0
    path = home.warehouse.with_name("peer.duckdb")
    with duckdb.connect(str(path), config={**STORAGE, "threads": home.threads}) as con:
        con.execute("set enable_progress_bar = false")
        for kind, table in known.items():
            found = [str(file) for file in files if file.suffix == f".{kind}"]
            if not found:
                continue
            if kind == "jsonl":
                query, parameters = bulk(table), {"path": found, "longest": 1 << 24}
            else:
                query = "select * from read_csv($path, all_varchar = true, ignore_errors = true)"
                parameters = {"path": found}
            con.execute(f"create table {kind} as {query}", parameters)
            ((count,),) = con.execute(f"select count(*) from {kind}").fetchall()
            rows += int(count)
        con.execute("checkpoint")
    return rows, 0


def measured(side: Callable[[Sequence[Path]], tuple[int, int]], files: Sequence[Path]) -> Any:
    """Seconds, memory and rows of one side."""
    began = time.perf_counter()
    rows, rejected = side(files)
    seconds = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "peak_mb": peak, "rows": rows, "rejected": rejected}


if __name__ == "__main__":
    name, folder = sys.argv[1:]
    if name == "prepare":
        prepare()
    else:
        found = sorted(f for f in Path(folder).iterdir() if f.suffix in (".jsonl", ".csv"))
        print(json.dumps(measured(land if name == "land" else create_as_select, found)))
