"""From tables of paths to rows of effects, and rules that make no sense."""

from typing import Any

import pyarrow as pa
import pytest

from attribution.channels import channel_effects
from attribution.errors import AttributionError

RULES = {"max_order": 2.0, "order": None, "folds": 5.0, "ridge": 1.0}


def _effects(rows: list[tuple[str, list[str], int, int]], **rules: Any) -> list[dict[str, Any]]:
    paths = pa.Table.from_pylist(
        [
            {"conversion_type": kind, "channel_path": path, "converted": converted, "lost": lost}
            for kind, path, converted, lost in rows
        ]
    )
    asked = {**RULES, **rules}
    table = pa.table({"rule": list(asked), "value": pa.array(asked.values(), pa.float64())})
    return channel_effects(paths, table).to_pylist()


def test_types_are_learned_apart_and_only_where_something_can_be_learned() -> None:
    found = _effects([
        ("all_convert", ["a", "b"], 3, 0), ("none_convert", ["a"], 0, 3),
        ("some", ["b"], 1, 1), ("some", ["a", "a"], 2, 1),
    ])  # fmt: skip
    models = {(r["conversion_type"], r["model"], r["markov_order"]) for r in found}
    assert models == {
        ("all_convert", "markov", 1), ("all_convert", "markov", 2),
        ("some", "markov", 1), ("some", "markov", 2), ("some", "shapley", None),
    }  # fmt: skip
    for model in models:
        rows = [r for r in found if (r["conversion_type"], r["model"], r["markov_order"]) == model]
        assert [r["channel"] for r in rows] == ["a", "b"]
        assert sum(r["share"] for r in rows) == pytest.approx(1)


def test_the_order_is_the_rules_where_they_name_one() -> None:
    rows = _effects([("sale", ["a", "b"], 3, 1), ("sale", ["b"], 1, 5)], order=2.0)
    assert {(r["markov_order"], r["is_chosen"]) for r in rows if r["model"] == "markov"} == {
        (1, False),
        (2, True),
    }


def test_no_path_at_all_gives_an_empty_table() -> None:
    paths = pa.table(
        {
            "conversion_type": pa.array([], pa.string()),
            "channel_path": pa.array([], pa.list_(pa.string())),
            "converted": pa.array([], pa.int64()),
            "lost": pa.array([], pa.int64()),
        }
    )
    rules = pa.table({"rule": list(RULES), "value": pa.array(RULES.values(), pa.float64())})
    assert channel_effects(paths, rules).num_rows == 0


@pytest.mark.parametrize("rules", [{"order": 3.0}, {"max_order": 0.0}, {"folds": 1.0},
                                   {"ridge": None}])  # fmt: skip
def test_rules_that_make_no_sense_are_named(rules: dict[str, Any]) -> None:
    with pytest.raises(AttributionError, match=r"data_driven_rules\.csv"):
        _effects([("sale", ["a"], 1, 1)], **rules)
