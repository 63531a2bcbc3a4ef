"""Survivorship, hierarchies and households on random rows, against the laws in plain Python."""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import duckdb
import networkx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from warehouse.dbt import build
from warehouse.settings import settings as deployment

SELECT = "int_people__ranked_values dim_people_candidates int_accounts__hierarchy household_members"
STRATEGIES = ["trust", "newest", "oldest", "most_complete", "most_frequent"]
START = datetime(2026, 1, 1)
VALUES = (
    "person_id varchar, record_index integer, source varchar, record_type varchar, "
    "record_id varchar, attribute varchar, attribute_value varchar, survives_with varchar, "
    "strategy varchar, recency varchar, trust integer, observed_at timestamp, "
    "_file varchar, _line bigint, _load_id varchar, is_deleted boolean, is_shared boolean, "
    "is_blocked boolean, is_complete boolean"
)
ACCOUNTS = (
    "account_id varchar, salesforce_account_id varchar, parent_salesforce_account_id varchar, "
    "is_deleted boolean, created_at timestamp"
)
KEYS = (
    "evidence varchar, shared_value varchar, family_key varchar, person_id varchar, "
    "excluded_because varchar"
)


@pytest.fixture(scope="module", autouse=True)
def built(module_home: Path, warehouse_with: Callable[[Any], None]) -> Iterator[Path]:
    """Empty inputs, and the models compiled over them."""
    warehouse_with(
        {
            "marts.int_people__values": (VALUES, []),
            "marts.int_accounts__grouped": (ACCOUNTS, []),
            "marts.int_households__keys": (KEYS, []),
            "state.people": ("person_id varchar, minted_at timestamp", []),
        }
    )
    build(SELECT, command="run")
    yield deployment().warehouse


def _compiled(tables: dict[str, list[tuple[Any, ...]]], *models: str) -> list[tuple[Any, ...]]:
    """Rows of the last of `models`, each made anew over the rows of `tables`; nothing stays."""
    with duckdb.connect(str(deployment().warehouse)) as con:
        con.execute("begin")
        for table, rows in tables.items():
            con.execute(f"delete from {table}")
            if rows:
                marks = ", ".join("?" for _ in rows[0])
                con.executemany(f"insert into {table} values ({marks})", rows)
        for model in models:
            file = next(deployment().dbt_target.glob(f"compiled/**/{model}.sql"))
            con.execute(f"create or replace table marts.{model} as {file.read_text()}")
        found = con.execute(f"from marts.{models[-1]}").fetchall()
        con.execute("rollback")
    return found


class Value(NamedTuple):
    """What one record says of one attribute: `first_name`, or `street` and `city` together."""

    record: str
    attribute: str
    text: str
    trust: int
    day: int | None
    deleted: bool
    shared: bool
    blocked: bool
    complete: bool

    @property
    def whole(self) -> str:
        """What it survives with."""
        return "name" if self.attribute == "first_name" else "address"


def _order(strategy: str, recency: str, values: list[Value], record: list[Value]) -> Any:
    """The key of one record's values of one whole: smaller survives."""
    day = record[0].day
    last = float("inf")
    said = Counter((v.attribute, v.text.lower()) for v in values)
    newest = last if day is None else -day
    oldest = last if day is None else day
    decides: float = {
        "trust": 0,
        "newest": newest,
        "oldest": oldest,
        "most_complete": -sum(v.complete for v in record),
        "most_frequent": -min(said[v.attribute, v.text.lower()] for v in record),
    }[strategy]
    return (
        any(v.blocked for v in record),
        any(v.shared for v in record),
        record[0].deleted,
        decides,
        min(v.trust for v in record),
        newest if recency == "newest" else oldest,
        record[0].record,
    )


def survivors(strategy: str, recency: str, values: list[Value]) -> dict[str, str]:
    """{attribute: value that survives} by the law that docs/identity.md states."""
    kept = {}
    for whole in ("name", "address"):
        mine = sorted((v for v in values if v.whole == whole), key=lambda v: v.record)
        records = [list(group) for _, group in groupby(mine, key=lambda v: v.record)]
        if records:
            best = min(records, key=lambda record: _order(strategy, recency, mine, record))
            if not any(v.blocked for v in best):
                kept |= {v.attribute: v.text for v in best}
    return kept


@st.composite
def values(draw: st.DrawFn) -> list[Value]:
    """A few records of one person; flags of a record are the same on all it says."""
    found = []
    for record in draw(st.sets(st.sampled_from("abcd"), min_size=1)):
        day = draw(st.none() | st.integers(0, 2))
        deleted = draw(st.booleans())
        for attribute in draw(st.sets(st.sampled_from(["first_name", "street", "city"]))):
            flags = [draw(st.sampled_from([False, False, True])) for _ in range(2)]
            text = draw(st.sampled_from(["Ann", "ann", "Bea"]))
            trust, complete = draw(st.integers(1, 2)), draw(st.booleans())
            found.append(Value(record, attribute, text, trust, day, deleted, *flags, complete))
    return found


@settings(max_examples=120, deadline=None)
@given(rows=values(), strategy=st.sampled_from(STRATEGIES), recency=st.sampled_from(["newest", "oldest"]))  # fmt: skip  # noqa: E501
def test_survivors_agree_with_the_law(rows: list[Value], strategy: str, recency: str) -> None:
    table = [
        ("p", ord(v.record), "s", "t", v.record, v.attribute, v.text, v.whole, strategy, recency,
         v.trust, None if v.day is None else START + timedelta(days=v.day), "f", 2, "l",
         v.deleted, v.shared, v.blocked, v.complete)
        for v in rows
    ]  # fmt: skip
    models = ("int_people__ranked_values", "dim_people_candidates")
    found = _compiled({"marts.int_people__values": table}, *models)
    assert len(found) == len(rows)  # nothing is lost
    kept = {row[1]: row[2] for row in found if row[-1] is None}
    assert kept == survivors(strategy, recency, rows)


@settings(max_examples=60, deadline=None)
@given(parents=st.dictionaries(st.integers(0, 9), st.integers(0, 9), max_size=10))
@example(parents={0: 1, 1: 2, 2: 0, 3: 0, 4: 5, 5: 4, 6: 6, 7: 3})
def test_parents_agree_with_the_graph(parents: dict[int, int]) -> None:
    table = [(f"a{n}", f"s{n}", f"s{parents[n]}" if n in parents else None, False, START)
             for n in range(10)]  # fmt: skip
    found = {row[0]: row[1:] for row in _compiled(
        {"marts.int_accounts__grouped": table}, "int_accounts__hierarchy")}  # fmt: skip
    graph = networkx.DiGraph((n, parent) for n, parent in parents.items() if n != parent)
    cut = {min(circle) for circle in networkx.simple_cycles(graph)}
    expected = {}
    for n in cut:
        graph.remove_edge(n, parents[n])
    for n in (n for n, parent in parents.items() if n != parent):
        above = networkx.descendants(graph, n)
        top = next((a for a in above if not graph.out_degree(a)), n)
        parent = None if n in cut else f"a{parents[n]}"
        circle = f"a{parents[n]}" if n in cut else None
        expected[f"a{n}"] = (parent, circle, f"a{top}", len(above))
    assert found == expected


shares = st.lists(
    st.tuples(st.sampled_from(["phone", "email"]), st.sampled_from("12"), st.sampled_from("xy"),
              st.sampled_from("pqrstu"), st.sampled_from([None, None, None, "business"])),
    max_size=12, unique_by=lambda share: share[:4],
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(keys=shares, ages=st.permutations(range(6)))
def test_households_are_components_named_after_the_oldest(keys: Any, ages: list[int]) -> None:
    people = [(name, START + timedelta(days=age)) for name, age in zip("pqrstu", ages, strict=True)]
    rows = _compiled({"marts.int_households__keys": keys, "state.people": people},
                     "household_members")  # fmt: skip
    graph = networkx.Graph((key[:3], key[3]) for key in keys if key[4] is None)
    minted = dict(people)
    expected = {}
    for part in networkx.connected_components(graph):
        members = [node for node in part if isinstance(node, str)]
        expected |= dict.fromkeys(members, min(members, key=lambda name: minted[name]))
    assert {row[0]: row[1] for row in rows} == expected
    assert len({(row[1], row[3]) for row in rows}) == len({row[3] for row in rows})
