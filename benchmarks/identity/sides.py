"""One side of the benchmark, in a process of its own: prints {"seconds", "peak_mb", …} as JSON.

`floor`, the two labellings, `splink` and `using_key` are timed inside the process; the step by
whoever starts it, so that its start counts.
"""

import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import duckdb
import numpy as np

from benchmarks.identity import world
from identity.limits import Ints
from warehouse.connection import connect
from warehouse.settings import settings

FLOOR = "select count(distinct hash(id_type, id_value)) from identity.int_identity__links"

_LINKS = """
create or replace temp view scope_links as
select
    record_index as record, hash(id_type, id_value) as value_hash, priority, is_shared, observed_at
from identity.int_identity__links
"""

_EDGES = """
create or replace table edges as
select first_id, second_id, 1.0 as match_probability
from (
    select min(record) over (partition by value_hash) as first_id, record as second_id
    from scope_links
)
where first_id != second_id;
create or replace table nodes as
select record_index as unique_id from identity.int_identity__records
"""

_USING_KEY = """
create or replace temp table labels as
with recursive labelled (node, label) using key (node) as (
    select unique_id, unique_id from nodes
    union
    (
        select both_ways.a, min(theirs.label)
        from labelled as theirs
        inner join both_ways on theirs.node = both_ways.b
        inner join recurring.labelled as mine on both_ways.a = mine.node
        where theirs.label < mine.label
        group by both_ways.a
    )
)
select * from labelled
"""


def prepare(con: duckdb.DuckDBPyConnection, links: int) -> None:
    """Evidence of `links` links, half as many records and a tenth as many people; its edges."""
    world.create(con, str(settings().rules / "identity_id_types.csv"))
    world.add(con, load=1, first=0, records=links // 2, people=links // 10)
    con.execute("checkpoint")


def grow(con: duckdb.DuckDBPyConnection, records: int, new: int, people: int) -> None:
    """A day's load of `new` records more, of the first `people` people."""
    world.add(con, load=2, first=records, records=new, people=people)
    con.execute("checkpoint")


def label(con: duckdb.DuckDBPyConnection) -> int:
    """The labelling that `onefold run` does, from links as text to labels in DuckDB."""
    from identity.scope import by_value, edges

    con.execute(_LINKS)
    links = con.execute("select value_hash, record from scope_links").fetchnumpy()
    order, starts = by_value(links["value_hash"])
    return _labelled(con, *edges(links["record"][order], starts))


def label_edges(con: duckdb.DuckDBPyConnection) -> int:
    """The same labelling of the edges that the peers get."""
    found = con.execute("select first_id, second_id from edges").fetchnumpy()
    return _labelled(con, found["first_id"], found["second_id"])


def _labelled(con: duckdb.DuckDBPyConnection, first: Ints, second: Ints) -> int:
    from identity.resolve import components

    records = _value(con, "select count(*) from identity.int_identity__records")
    labels = components(records, first, second)
    numbers = np.arange(records, dtype=np.int32)
    con.register("in_labels", {"record": numbers, "label": labels})
    con.execute("create or replace temp table labels as from in_labels")
    return int(_value(con, "select count(distinct label) from labels"))


def star_edges(con: duckdb.DuckDBPyConnection) -> None:
    """The star edges of the same links as a table, for the peers."""
    con.execute(_LINKS)
    con.execute(_EDGES)


def unpeer(con: duckdb.DuckDBPyConnection) -> None:
    """Drop what only the peers need."""
    con.execute("drop table edges; drop table nodes; checkpoint")


def splink(con: duckdb.DuckDBPyConnection) -> int:
    """Splink's own clustering of the edges."""
    from splink import DuckDBAPI
    from splink.clustering import cluster_pairwise_predictions_at_threshold

    api = DuckDBAPI(connection=con)
    found = cluster_pairwise_predictions_at_threshold(
        nodes=api.register("nodes"), edges=api.register("edges"), db_api=api,
        node_id_column_name="unique_id", edge_id_column_name_left="first_id",
        edge_id_column_name_right="second_id", threshold_match_probability=0.5,
    )  # fmt: skip
    return int(_value(con, f"select count(distinct cluster_id) from {found.physical_name}"))


def using_key(con: duckdb.DuckDBPyConnection) -> int:
    """DuckDB's recursive query over the edges."""
    con.execute(
        "create or replace temp table both_ways as "
        "select first_id as a, second_id as b from edges union all "
        "select second_id, first_id from edges"
    )
    con.execute(_USING_KEY)
    return int(_value(con, "select count(distinct label) from labels"))


def floor(con: duckdb.DuckDBPyConnection) -> int:
    """What counting the identifiers costs."""
    return int(_value(con, FLOOR))


def step(day: int) -> dict[str, Any]:
    """The whole step, as `onefold run` calls it."""
    from dataclasses import asdict

    from identity.step import resolve

    return asdict(resolve(f"2026-01-{day:02d} 00:00:00", f"run-{day}"))


def _value(con: duckdb.DuckDBPyConnection, sql: str) -> Any:
    ((value,),) = con.execute(sql).fetchall()
    return value


TIMED: dict[str, Callable[[duckdb.DuckDBPyConnection], int]] = {
    "floor": floor, "label": label, "label_edges": label_edges, "splink": splink,
    "using_key": using_key,
}  # fmt: skip


def main(side: str, *numbers: str) -> None:
    """Run one side on the warehouse of ONEFOLD_HOME."""
    found: dict[str, Any] = {}
    if side == "step":
        found = step(*map(int, numbers))
    elif side in TIMED:
        with connect("benchmark") as con:
            started = time.perf_counter()
            found["people"] = TIMED[side](con)
            found["seconds"] = time.perf_counter() - started
    else:
        with connect("benchmark") as con:
            {"prepare": prepare, "grow": grow, "edges": star_edges, "unpeer": unpeer}[side](  # type: ignore[operator]
                con, *map(int, numbers)
            )
    found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
