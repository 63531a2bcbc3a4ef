"""The data-driven models over all conversion types: from distinct paths to each channel's share."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from attribution.calibration import Experiments, level, shares
from attribution.errors import AttributionError
from attribution.markov import markov, order_scores
from attribution.paths import Floats, Paths
from attribution.shapley import credit, learn

FOLLOWS = {"closed_won": "opportunity_created"}
"""A conversion takes two steps: what has to happen first, and then itself."""

_SCHEMA = pa.schema(
    {
        "conversion_type": pa.string(),
        "model": pa.string(),
        "markov_order": pa.int32(),
        "order_score": pa.float64(),
        "is_chosen": pa.bool_(),
        "channel": pa.string(),
        "removal_effect": pa.float64(),
        "effect": pa.float64(),
        "linear_share": pa.float64(),
        "level": pa.float64(),
        "caused_share": pa.float64(),
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
    level_doubt: float


def channel_effects(paths: pa.Table, experiments: pa.Table, rules: pa.Table) -> pa.Table:
    """Effects and shares of channels per conversion type, model and order.

    `paths`: conversion_type, channel_path (list of channels), converted, lost; `experiments`:
    conversion_type, channel, linear_credit, caused, standard_error; `rules`: rule, value. Shares
    of a model and order sum to 1. A model that cannot be learned (no journey converted, or none was
    lost) has no rows. Raises AttributionError for rules that are not numbers.
    """
    asked = _rules(rules)
    names = sorted(set(pc.unique(paths["channel_path"].combine_chunks().flatten()).to_pylist()))
    steps = {
        kind: _step(paths.filter(pc.equal(paths["conversion_type"], kind)), names, asked)
        for kind in sorted(pc.unique(paths["conversion_type"]).to_pylist())
    }
    tables = [_SCHEMA.empty_table()]
    for kind, step in steps.items():
        first = steps.get(FOLLOWS.get(kind, ""))
        done = [taken for taken in (first, step) if taken and taken.models]
        if done and step.linear.any():
            mine = experiments.filter(pc.equal(experiments["conversion_type"], kind))
            found = _experiments(mine, names)
            tables += _rows(kind, names, done, linear=step.linear, found=found, rules=asked)
    return pa.concat_tables(tables)


def from_lists(paths: pa.Table, names: list[str]) -> Paths:
    """`Paths` of a table with channel_path (a list of channels of `names`), converted and lost.

    Empty lists are left out. The order of the rows decides which journeys are held out together.
    """
    paths = paths.filter(pc.greater(pc.list_value_length(paths["channel_path"]), 0))
    lists = paths["channel_path"].combine_chunks()
    held = pc.index_in(lists.flatten(), pa.array(names, pa.string()))
    lengths = np.asarray(pc.list_value_length(lists), np.int64)
    return Paths(
        len(names),
        np.asarray(held, np.int64),
        np.cumsum(lengths) - lengths,
        *(np.asarray(paths[column], np.float64) for column in ("converted", "lost")),
    )


@dataclass(frozen=True)
class _Model:
    """`effect`: the part of all conversions that would be missing without each channel."""

    score: float  # log-likelihood over all journeys; 0 for shapley
    removal_effect: Floats | None
    effect: Floats


@dataclass(frozen=True)
class _Step:
    """One conversion type by itself; `models` by name and order, none where nothing is learned."""

    journeys: float
    is_seen: NDArray[np.bool_]  # whether any journey holds the channel
    linear: Floats  # credit as a part of all conversions
    models: dict[tuple[str, int | None], _Model]


def _step(table: pa.Table, names: list[str], rules: Rules) -> _Step:
    paths = from_lists(table, names)
    converted, lost = paths.converted.sum(), paths.lost.sum()
    touches = np.bincount(paths.number, minlength=len(paths.start))
    each = (paths.converted / touches)[paths.number]
    everyone = pc.sum(table["converted"]).as_py()
    linear = np.bincount(paths.channel, each, len(names)) / max(everyone, 1)
    is_seen = np.bincount(paths.channel, minlength=len(names)) > 0
    models: dict[tuple[str, int | None], _Model] = {}
    if converted and lost:
        # Of conversions that begin without a touch, no channel's absence takes anything.
        touched = converted / everyone
        orders = range(1, rules.max_order + 1)
        scores = order_scores(paths, orders, rules.folds) * (converted + lost)
        for order, score in zip(orders, scores.tolist(), strict=True):
            chain = markov(paths, order)
            models["markov", order] = _Model(
                score, chain.removal_effect * touched, chain.skip_effect * touched
            )
        owed = credit(paths, learn(paths, rules.ridge, rules.folds))
        models["shapley", None] = _Model(0, None, owed / everyone)
    return _Step(converted + lost, is_seen, linear, models)


def _rows(
    kind: str, names: list[str], steps: list[_Step], *, linear: Floats, found: Experiments,
    rules: Rules,
) -> list[pa.Table]:  # fmt: skip
    """Rows of one conversion type: its steps' effects together, their level, and the shares."""
    journeys = sum(step.journeys for step in steps)
    keys = list(steps[0].models)
    scores = {key: sum(step.models[key].score for step in steps) / journeys for key in keys}
    best = max((key for key in keys if key[1]), key=lambda key: scores[key])
    chosen = (rules.order or best[1], None)
    is_seen = np.any([step.is_seen for step in steps], axis=0)
    tables = []
    for name, order in keys:
        models = [step.models[name, order] for step in steps]
        effect = 1 - np.prod([1 - model.effect for model in models], axis=0)
        added = level(effect, linear, found, rules.level_doubt)
        caused = effect + added * linear
        removed = models[-1].removal_effect
        columns = {
            "channel": names, "effect": effect,
            "removal_effect": pa.nulls(len(names)) if removed is None else removed,
            "linear_share": linear, "caused_share": caused, "share": shares(caused),
        }  # fmt: skip
        same = {
            "conversion_type": kind, "model": name, "markov_order": order,
            "order_score": scores[name, order] if order else None, "is_chosen": order in chosen,
            "level": added,
        }  # fmt: skip
        repeated = {column: [value] * len(names) for column, value in same.items()}
        table = pa.table({**repeated, **columns}).select(_SCHEMA.names).cast(_SCHEMA)
        tables.append(table.filter(pa.array(is_seen)))
    return tables


def _experiments(table: pa.Table, names: list[str]) -> Experiments:
    known = table.filter(pc.is_in(table["channel"], pa.array(names, pa.string())))
    measured = ("linear_credit", "caused", "standard_error")
    return Experiments(
        np.asarray(pc.index_in(known["channel"], pa.array(names, pa.string())), np.int64),
        *(np.asarray(known[column], np.float64) for column in measured),
    )


def _rules(table: pa.Table) -> Rules:
    given = dict(zip(table["rule"].to_pylist(), table["value"].to_pylist(), strict=True))
    try:
        rules = Rules(
            int(given["max_order"]), int(given["order"] or 0), int(given["folds"]),
            float(given["ridge"]), float(given["level_doubt"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError) as error:
        raise AttributionError(
            "expected numbers for max_order, order, folds, ridge and level_doubt in "
            f"data_driven_rules.csv: {error}"
        ) from None
    in_range = 0 <= rules.order <= rules.max_order and rules.max_order >= 1 and rules.folds >= 2
    if not in_range or rules.level_doubt <= 0:
        raise AttributionError(
            "expected max_order of 1 or more, order up to it, 2 folds or more and level_doubt "
            f"above 0 in data_driven_rules.csv, got {rules}"
        )
    return rules
