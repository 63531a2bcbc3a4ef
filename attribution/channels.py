"""The data-driven models over all conversion types: from distinct paths to each channel's share."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from attribution.errors import AttributionError
from attribution.markov import markov, order_scores
from attribution.paths import Floats, Paths
from attribution.shapley import credit, learn, lost_without

_SCHEMA = pa.schema(
    {
        "conversion_type": pa.string(),
        "model": pa.string(),
        "markov_order": pa.int32(),
        "order_score": pa.float64(),
        "is_chosen": pa.bool_(),
        "channel": pa.string(),
        "effect": pa.float64(),
        "share": pa.float64(),
    }
)


@dataclass(frozen=True)
class Rules:
    """The rows of data_driven_rules.csv; `order` 0: the best by cross-validation."""

    max_order: int
    order: int
    folds: int
    ridge: float


def channel_effects(paths: pa.Table, rules: pa.Table) -> pa.Table:
    """Effects and shares of channels per conversion type, model and order.

    `paths`: conversion_type, channel_path (list of channels), converted, lost; `rules`: rule,
    value. Shares of a model and order sum to 1. A model that cannot be learned (no journey
    converted, or for shapley none was lost) has no rows. Raises AttributionError for rules that are
    not numbers.
    """
    asked = _rules(rules)
    tables = [_SCHEMA.empty_table()]
    for kind in pc.unique(paths["conversion_type"]).to_pylist():
        found, names = from_lists(paths.filter(pc.equal(paths["conversion_type"], kind)))
        if found.converted.sum():
            tables += [_rows(kind, names, row) for row in _models(found, asked)]
    return pa.concat_tables(tables)


def from_lists(paths: pa.Table) -> tuple[Paths, list[str]]:
    """`Paths` of a table with channel_path (a list of channels), converted and lost, and the names.

    The order of the rows decides which journeys are held out together.
    """
    lists = paths["channel_path"].combine_chunks()
    held = lists.flatten().dictionary_encode()
    names = held.dictionary.to_pylist()
    place = np.argsort(np.argsort(np.array(names, dtype=object)))
    lengths = np.asarray(pc.list_value_length(lists), np.int64)
    counts = [np.asarray(paths[column], np.float64) for column in ("converted", "lost")]
    return (
        Paths(
            len(names),
            place[np.asarray(held.indices, np.int64)],
            np.cumsum(lengths) - lengths,
            *counts,
        ),
        sorted(names),
    )


@dataclass(frozen=True)
class _Model:
    name: str
    order: int | None
    score: float | None
    is_chosen: bool
    effect: Floats
    share: Floats


def _models(paths: Paths, rules: Rules) -> list[_Model]:
    orders = range(1, rules.max_order + 1)
    scores = order_scores(paths, orders, rules.folds)
    chosen = rules.order or int(np.argmax(scores)) + 1
    found = []
    for order, score in zip(orders, scores.tolist(), strict=True):
        chain = markov(paths, order)
        found.append(
            _Model("markov", order, score, order == chosen, chain.removal_effect, chain.share)
        )
    if paths.lost.sum():
        learned = learn(paths, rules.ridge)
        converted = paths.converted.sum()
        effect = lost_without(paths, learned) / converted
        share = credit(paths, learned) / converted
        found.append(_Model("shapley", None, None, True, effect, share))
    return found


def _rows(kind: str, names: list[str], model: _Model) -> pa.Table:
    columns = {
        "conversion_type": kind, "model": model.name, "markov_order": model.order,
        "order_score": model.score, "is_chosen": model.is_chosen,
    }  # fmt: skip
    rows = [
        {**columns, "channel": name, "effect": effect, "share": share}
        for name, effect, share in zip(
            names, model.effect.tolist(), model.share.tolist(), strict=True
        )
    ]
    return pa.Table.from_pylist(rows, _SCHEMA)


def _rules(table: pa.Table) -> Rules:
    given = dict(zip(table["rule"].to_pylist(), table["value"].to_pylist(), strict=True))
    try:
        rules = Rules(
            int(given["max_order"]), int(given["order"] or 0), int(given["folds"]),
            float(given["ridge"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise AttributionError(
            "expected numbers for max_order, order, folds and ridge in data_driven_rules.csv: "
            f"{error}"
        ) from None
    if not 0 <= rules.order <= rules.max_order or rules.max_order < 1 or rules.folds < 2:
        raise AttributionError(
            "expected max_order of 1 or more, order up to it and 2 folds or more in "
            f"data_driven_rules.csv, got {rules}"
        )
    return rules
