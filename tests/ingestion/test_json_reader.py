"""JSON lines: paths, fall-backs and element searches, against Python's json module."""

import json
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion import json_reader
from ingestion.errors import FileRefused
from ingestion.json_reader import JsonReader
from ingestion.sources import Table

CON = duckdb.connect()
KEYS = st.sampled_from(["id", "a", "b", "x", "deep", "é"])
NASTY = ['{"id":1,"id":2}', '{"ID":7,"id":3}', '{"id":4,"deep":"x"}', '{"id":5,"deep":[{"x":1}]}',
         '{"id":6} {"id":7}', "[{}]", '"id"', "7", "null", "{", '{"id":8}x', '{"id":"9\\u0000"}',
         "\x0b", '{"id":1.10,"a":1e3}', '{"id":12345678901234567890123}', '{"id":-0.0}',
         '{"id":" "}',
         '{"id":"\\ud83d\\ude00","a":{"b":{"c":[1, 2]}}}', '{"id":"e","a":[{"b":"x","x":{"y":1}}]}',
         '  {"id":"indented"}  ', "", " \t"]  # fmt: skip
LAYOUTS: list[dict[str, str | list[str]]] = [
    {"id": "id", "a": "a", "deep": "deep.x"},
    {"id": "id", "a": "a", "ab": "a.b", "abc": "a.b.c"},
    {"id": ["id", "deep.x"], "found": "a[b=x].x", "inner": "a[b=x].x.y"},
    {"id": "id"},
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40)
    | st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


def table(**paths: str | list[str]) -> Table:
    """A table with the key `id` and optional columns at the given paths."""
    columns = [{"name": n, "path": p, "optional": n != "id"} for n, p in paths.items()]
    return Table.model_validate(
        {
            "source": "s", "name": "t", "order": 1, "description": "", "file_pattern": ["s/*"],
            "dialect": {"format": "jsonl"}, "load": "append", "key": ["id"], "event_column": "id",
            "columns": [c | {"description": "", "pii": "none", "purposes": []} for c in columns],
        }
    )  # fmt: skip


def lines(*objects: Any) -> bytes:
    return "".join(json.dumps(o, ensure_ascii=False) + "\n" for o in objects).encode()


def read(data: bytes, **paths: str | list[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (
        JsonReader(CON, table(**paths)).read(data, True)[0].rows.to_pylist()
    )
    return found


def as_text(value: Any) -> Any:
    """What a JSON value becomes as text; containers are compared as values."""
    if isinstance(value, bool):
        return json.dumps(value)
    return value if value is None or isinstance(value, list | dict) else str(value)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.dictionaries(KEYS, VALUES, max_size=5), min_size=1, max_size=6))
def test_values_are_what_pythons_json_module_finds(objects: list[dict[str, Any]]) -> None:
    objects = [o | {"id": str(i)} for i, o in enumerate(objects)]
    found = read(lines(*objects), id="id", a="a", deep="deep.x")
    for row, given_object in zip(found, objects, strict=True):
        deep = given_object.get("deep")
        expected = {
            "a": given_object.get("a"),
            "deep": deep.get("x") if isinstance(deep, dict) else None,
        }
        for name, value in expected.items():
            got = row[name]
            assert (json.loads(got) if isinstance(value, list | dict) else got) == as_text(value)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(
    ['{"id":1}', '{"id":null}', "", "  ", "[]", "{", "7", '{"id":"é"}', '{"id":1}x'])))  # fmt: skip
def test_every_line_is_accounted_for(body: list[str]) -> None:
    data = "".join(line + "\n" for line in body).encode()
    try:
        reading = JsonReader(CON, table(id="id")).read(data, True)[0]
    except FileRefused:
        return
    assert reading.balanced
    assert reading.rows_in == len(body)
    assert reading.skipped == sum(not line.strip() for line in body)
    good = [i for i, line in enumerate(body, 1) if line in ('{"id":1}', '{"id":"é"}')]
    assert reading.rows["_line"].to_pylist() == good


@settings(max_examples=150, deadline=None)
@given(st.lists(st.dictionaries(KEYS, VALUES, max_size=5).map(json.dumps) | st.sampled_from(NASTY),
                min_size=1, max_size=8), st.sampled_from(LAYOUTS))  # fmt: skip
def test_the_bulk_reader_reads_what_the_exact_one_reads(
    body: list[str], layout: dict[str, str | list[str]]
) -> None:
    data = "".join(line + "\n" for line in ['{"id":"first"}', *body]).encode()
    found = []
    for checked in (1, 0):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(json_reader, "_CHECKED", 1)
            reader = JsonReader(CON, table(**layout))
            assert reader._bulk
            if not checked:
                reader._bulk = None
            reading, used = reader.read(data, False)
            assert used == len(data)
            found.append((reading.rows.sort_by("_line").to_pylist(), reading.rejects))
    assert found[0] == found[1]


def test_keys_that_differ_by_case_alone_are_told_apart() -> None:
    assert read(lines({"id": 1, "a": "x", "A": "y"}), id="id", low="a", high="A") == [
        {"id": "1", "low": "x", "high": "y", "_line": 1}
    ]


def test_fall_backs_take_the_first_path_that_has_a_value() -> None:
    data = lines({"id": 1, "a": "x", "b": {"a": "y"}}, {"id": 2, "a": None, "b": {"a": "z"}})
    assert [r["v"] for r in read(data, id="id", v=["a", "b.a"])] == ["x", "z"]


def test_an_element_is_found_by_its_name() -> None:
    values = [{"name": "email", "value": "a@b.test"}, {"name": "email", "value": "second"}]
    data = lines({"id": 1, "values": values}, {"id": 2, "values": []}, {"id": 3, "values": "text"})
    found = read(data, id="id", email="values[name=email].value", values="values")
    assert [r["email"] for r in found] == ["a@b.test", None, None]
    assert json.loads(found[0]["values"]) == values


def test_long_integers_keep_every_digit() -> None:
    assert read(lines({"id": 1427997766000123456}), id="id")[0]["id"] == "1427997766000123456"


def test_undeclared_keys_are_reported_at_declared_levels() -> None:
    data = lines({"id": 1, "context": {"page": {"url": "u", "path": "/"}, "ip": "1.2.3.4"}, "z": 1})
    reading = JsonReader(CON, table(id="id", url="context.page.url")).read(data, True)[0]
    assert reading.undeclared == ("context.ip", "context.page.path", "z")
    assert "1.2.3.4" not in str(reading.rows.to_pylist())
