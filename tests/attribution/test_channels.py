"""From tables of paths to rows of effects, in one step or two, and rules that make no sense."""

from typing import Any

import pyarrow as pa
import pytest

from attribution.channels import channel_effects
from attribution.errors import AttributionError
from attribution.markov import markov
from attribution.paths import paths_of
from attribution.shapley import credit, learn

RULES = {"max_order": 2.0, "order": None, "folds": 5.0, "ridge": 1.0, "level_doubt": 0.5}
Row = tuple[str, list[str], int, int]

PATHS = pa.schema({
    "conversion_type": pa.string(), "channel_path": pa.list_(pa.string()),
    "converted": pa.int64(), "lost": pa.int64(),
})  # fmt: skip
EXPERIMENTS = pa.schema({
    "conversion_type": pa.string(), "channel": pa.string(), "linear_credit": pa.float64(),
    "caused": pa.float64(), "standard_error": pa.float64(),
})  # fmt: skip
OPENED: list[Row] = [
    ("opportunity_created", ["a"], 30, 70), ("opportunity_created", ["b"], 20, 180),
    ("opportunity_created", ["b", "a"], 10, 10),
]  # fmt: skip
WON: list[Row] = [("closed_won", ["a", "b"], 12, 12), ("closed_won", ["b", "b"], 4, 20),
                  ("closed_won", ["a"], 10, 2)]  # fmt: skip


def _effects(
    rows: list[Row], experiments: list[tuple[str, str, float, float, float]] | None = None,
    **rules: Any,
) -> list[dict[str, Any]]:  # fmt: skip
    paths = [dict(zip(PATHS.names, row, strict=True)) for row in rows]
    tested = [dict(zip(EXPERIMENTS.names, row, strict=True)) for row in experiments or []]
    asked = {**RULES, **rules}
    return channel_effects(
        pa.Table.from_pylist(paths, PATHS),
        pa.Table.from_pylist(tested, EXPERIMENTS),
        pa.table({"rule": list(asked), "value": pa.array(asked.values(), pa.float64())}),
    ).to_pylist()


def _of(
    found: list[dict[str, Any]], kind: str, model: str, name: str, order: int | None = None
) -> dict[str, Any]:
    """{channel: the value of a column} of one model."""
    return {
        r["channel"]: r[name] for r in found
        if (r["conversion_type"], r["model"], r["markov_order"]) == (kind, model, order)
    }  # fmt: skip


def test_types_are_learned_apart_and_only_where_something_can_be_learned() -> None:
    found = _effects([
        ("all_convert", ["a", "b"], 3, 0), ("none_convert", ["a"], 0, 3),
        ("some", ["b"], 1, 1), ("some", ["a", "a"], 2, 1),
    ])  # fmt: skip
    models = {(r["conversion_type"], r["model"], r["markov_order"]) for r in found}
    assert models == {("some", "markov", 1), ("some", "markov", 2), ("some", "shapley", None)}
    for kind, model, order in models:
        shares = _of(found, kind, model, "share", order)
        assert list(shares) == ["a", "b"]
        assert sum(shares.values()) == pytest.approx(1)


def test_effects_are_those_of_the_models_and_shares_what_was_caused() -> None:
    found = _effects(OPENED)
    paths, names = paths_of([row[1:] for row in OPENED])
    for order in (1, 2):
        chain = markov(paths, order)
        for column, effect in {
            "effect": chain.skip_effect,
            "removal_effect": chain.removal_effect,
        }.items():
            mine = _of(found, "opportunity_created", "markov", column, order)
            assert mine == pytest.approx(dict(zip(names, effect, strict=True)))
    owed = credit(paths, learn(paths)) / 60
    mine = _of(found, "opportunity_created", "shapley", "effect")
    assert mine == pytest.approx(dict(zip(names, owed, strict=True)))
    linear = {"a": 35 / 60, "b": 25 / 60}
    for row in found:
        assert row["linear_share"] == pytest.approx(linear[row["channel"]])
        assert row["caused_share"] == pytest.approx(
            row["effect"] + row["level"] * row["linear_share"]
        )
        same = [r for r in found if r["markov_order"] == row["markov_order"]]
        total = sum(max(r["caused_share"], 0) for r in same)
        assert row["share"] == pytest.approx(max(row["caused_share"], 0) / total)


def test_a_sale_takes_two_steps() -> None:
    """It is missing where its opportunity is, and where that is lost: the chances multiply."""
    both, opened, won = _effects(OPENED + WON), _effects(OPENED), _effects(WON)
    for model, order in (("markov", 1), ("markov", 2), ("shapley", None)):
        first = _of(opened, "opportunity_created", model, "effect", order)
        second = _of(won, "closed_won", model, "effect", order)
        expected = {c: 1 - (1 - first[c]) * (1 - second[c]) for c in ("a", "b")}
        assert _of(both, "closed_won", model, "effect", order) == pytest.approx(expected)
        assert _of(both, "opportunity_created", model, "effect", order) == first
    only = [("closed_won", path, converted, 0) for _, path, converted, _ in WON]
    assert _of(_effects(OPENED + only), "closed_won", "shapley", "effect") == pytest.approx(
        _of(opened, "opportunity_created", "shapley", "effect")
    )


def test_conversions_that_begin_without_a_touch_are_no_channels() -> None:
    """Sixty more of them: each effect is of half as many."""
    found, more = _effects(OPENED), _effects([*OPENED, ("opportunity_created", [], 60, 0)])
    for column in ("effect", "linear_share", "removal_effect"):
        half = {c: value / 2 for c, value in _of(found, *KEY, column, 1).items()}
        assert _of(more, *KEY, column, 1) == pytest.approx(half)
    assert _of(more, *KEY, "share", 1) == pytest.approx(_of(found, *KEY, "share", 1))


KEY = ("opportunity_created", "markov")


def test_experiments_move_the_level_of_their_type_alone() -> None:
    """50 of 100 conversions of linear credit, measured exactly; one of no known channel."""
    tested = [
        ("opportunity_created", "a", 100.0, 50.0, 1e-3),
        ("opportunity_created", "z", 1, 1, 1),
    ]
    without, found = _effects(OPENED + WON), _effects(OPENED + WON, tested)
    for row in found:
        if row["conversion_type"] == "closed_won":
            assert row in without
        elif row["channel"] == "a":
            assert row["caused_share"] == pytest.approx(row["linear_share"] / 2, abs=1e-4)


def test_the_order_is_the_rules_where_they_name_one() -> None:
    rows = _effects([("sale", ["a", "b"], 3, 1), ("sale", ["b"], 1, 5)], order=2.0)
    assert {(r["markov_order"], r["is_chosen"]) for r in rows if r["model"] == "markov"} == {
        (1, False),
        (2, True),
    }


def test_no_path_at_all_gives_an_empty_table() -> None:
    assert _effects([]) == []


@pytest.mark.parametrize("rules", [{"order": 3.0}, {"max_order": 0.0}, {"folds": 1.0},
                                   {"ridge": None}, {"level_doubt": 0.0}])  # fmt: skip
def test_rules_that_make_no_sense_are_named(rules: dict[str, Any]) -> None:
    with pytest.raises(AttributionError, match=r"data_driven_rules\.csv"):
        _effects([("sale", ["a"], 1, 1)], **rules)
