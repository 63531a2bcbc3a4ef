"""JSON lines: paths, fall-backs and element searches, against Python's json module."""

import json
from typing import Any

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.errors import FileRefused
from ingestion.json_reader import JsonReader
from ingestion.sources import Table

CON = duckdb.connect()
KEYS = st.sampled_from(["id", "a", "b", "x", "deep", "é"])
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
