"""From the touches of conversions to the rows of conversion_touches, all rule models side by side.

A journey is credited once; the conversion itself and the refunds of it take its weights. What was
touched without consent is one row at the journey's end, and a conversion that nobody touched has
one row too.
"""

from collections.abc import Mapping
from itertools import chain, pairwise

import duckdb
import numpy as np
import pyarrow as pa

from attribution.credit_rows import (
    KINDS,
    MODELS,
    TEXTS,
    UNATTRIBUTED,
    WITHHELD,
    Columns,
    Conversions,
    Rows,
    Touches,
)
from attribution.errors import AttributionError
from attribution.paths import Ints
from attribution.rules import Flags, Journeys, held, largest_remainder, weights
from warehouse.changed_rows import ChangedRows

Rules = Mapping[str, Mapping[str, float | None]]
"""By model, its row of attribution_models."""

_TOUCH = (
    *TEXTS, "journey_number", "touch_number", "cut_count", "is_direct", "is_consented",
    "role_weight",
)  # fmt: skip
_STEP = 100_000
"""Touches that are credited at once: few enough to stay near the processor."""
_MOST_SLICES = 1_000


def changed(
    conversions: duckdb.DuckDBPyRelation,
    affected: duckdb.DuckDBPyRelation,
    touches: duckdb.DuckDBPyRelation,
    models: duckdb.DuckDBPyRelation,
) -> ChangedRows:
    """The rows of conversion_touches that are to change.

    `conversions`: fct_conversions; `affected`: int_attribution__affected; `touches`:
    int_attribution__affected_touches; `models`: attribution_models. Raises AttributionError for a
    rule model without a row there.
    """
    asked = affected.to_arrow_table()
    kept = asked.filter(asked["inputs_hash"].is_valid())
    rules = {row["model"]: row for row in models.to_arrow_table().to_pylist()}
    return ChangedRows(
        rows=credited(kept, touches.select(*_TOUCH).to_arrow_table(), rules),
        keys=asked.select(["conversion_id"]),
        is_all=len(kept) == len(conversions),
        distinct_texts=("conversion_id", "touch_id", "person_id", "account_id"),
    )


def credited(affected: pa.Table, touches: pa.Table, rules: Rules) -> pa.RecordBatchReader:
    """The rows of conversion_touches for the conversions of `affected`, as they are asked for.

    Weights of a conversion and model sum to 1, amounts to its value; they are null where it has
    none. Raises AttributionError for a model without rules.
    """
    missing = [model for model in MODELS if model not in rules]
    if missing:
        raise AttributionError(f"expected rows of attribution_models for {', '.join(missing)}")
    conversions, facts = Conversions.of(affected), Touches.of(touches)
    untouched = _untouched(conversions, facts).batch(conversions, touches[:0], UNATTRIBUTED)
    at = facts.in_order()
    parts = _parts(np.flatnonzero(facts.number[at] == 1), len(at))
    batches = (_credit(conversions, facts, touches, at[part], rules) for part in parts)
    return pa.RecordBatchReader.from_batches(untouched.schema, chain([untouched], batches))


def _parts(starts: Ints, touches: int) -> list[slice]:
    """Slices of the ordered touches that hold whole journeys."""
    at = np.searchsorted(starts, np.arange(0, touches, _STEP))
    begins = np.unique(np.append(starts[at[at < len(starts)]], touches)).tolist()
    return [slice(begin, end) for begin, end in pairwise(begins)]


def _credit(
    conversions: Conversions, facts: Touches, touches: pa.Table, at: Ints, rules: Rules
) -> pa.RecordBatch:
    """Credit whole journeys, whose touches are `at`, in order."""
    start = np.flatnonzero(facts.number[at] == 1)
    journey = facts.journey[at[start]]
    journeys = Journeys(
        start=start,
        touched_at=facts.touched_at[at],
        is_direct=facts.is_direct[at],
        role_weight=facts.role_weight[at],
        **{name: moment[journey] for name, moment in conversions.moments.items()},
    )
    columns = _columns(journeys, facts.cut_count[at], rules)
    shared = _masked(journeys, columns, facts.is_consented[at])
    return _amounts(conversions, journey, shared).batch(conversions, _at(touches, at), WITHHELD)


def _at(touches: pa.Table, at: Ints) -> pa.Table:
    """The touches at these places: mostly a few slices, of which nothing is copied."""
    begins = np.flatnonzero(np.diff(at, prepend=-2) != 1)
    if len(begins) > _MOST_SLICES:
        return touches.take(pa.array(at))
    lengths = np.diff(begins, append=len(at))
    slices = zip(at[begins].tolist(), lengths.tolist(), strict=True)
    return pa.concat_tables([touches.slice(first, length) for first, length in slices])


def _columns(journeys: Journeys, cut_count: Ints, rules: Rules) -> Columns:
    """Numbers, milestones and weights of the touches."""
    milestones = held(journeys)
    return {
        "touch_number": journeys.number,
        "touch_count": journeys.count[journeys.journey],
        "cut_count": cut_count,
        **{f"is_{name}": holds for name, holds in milestones.items()},
        **{f"{model}_weight": weights(journeys, milestones, rules[model]) for model in MODELS},
    }


def _masked(journeys: Journeys, columns: Columns, is_consented: Flags) -> Rows:
    """What was withheld becomes one row, the journey's last; `conversion` is the journey."""
    kept, hidden = np.flatnonzero(is_consented), np.flatnonzero(~is_consented)
    if not len(hidden):
        return Rows(journeys.journey, kept, columns)
    owner, first = np.unique(journeys.journey[hidden], return_index=True)
    together = {
        name: (np.add if name.endswith("_weight") else np.maximum).reduceat(column[hidden], first)
        for name, column in columns.items()
    }
    together["touch_number"] = journeys.count[owner] + 1
    journey = np.concatenate([journeys.journey[kept], owner])
    order = np.argsort(journey, kind="stable")
    return Rows(
        journey[order],
        np.concatenate([kept, np.full(len(owner), -1)])[order],
        {name: np.concatenate([c[kept], together[name]])[order] for name, c in columns.items()},
    )


def _amounts(conversions: Conversions, journey: Ints, shared: Rows) -> Rows:
    """The rows of each conversion that takes these weights, with its amounts in cents."""
    begin = np.flatnonzero(np.diff(shared.conversion, prepend=-1))
    count = np.diff(begin, append=len(shared.conversion))
    here = np.full(len(conversions.own), -1)
    here[journey] = np.arange(len(journey))
    concerned = np.flatnonzero(here[conversions.journey] >= 0)
    block = here[conversions.journey[concerned]]
    count = count[block]
    start = np.cumsum(count) - count
    rows = np.repeat(begin[block] - start, count) + np.arange(count.sum())
    columns = {name: column[rows] for name, column in shared.columns.items()}
    local, usd = conversions.local_cents[concerned], conversions.usd_cents[concerned]
    differs = np.flatnonzero(local != usd)
    exchanged = np.flatnonzero(np.repeat(local != usd, count))
    exchanged_start = np.cumsum(count[differs]) - count[differs]
    for model in MODELS:
        share = columns[f"{model}_weight"]
        amount = largest_remainder(share, start, local)
        columns[f"{model}_revenue_local"] = amount
        columns[f"{model}_revenue_usd"] = amount.copy()
        columns[f"{model}_revenue_usd"][exchanged] = largest_remainder(
            share[exchanged], exchanged_start, usd[differs]
        )
    return Rows(np.repeat(concerned, count), shared.touch[rows], columns)


def _untouched(conversions: Conversions, facts: Touches) -> Rows:
    """One row for each conversion that nobody touched."""
    is_touched = np.zeros(len(conversions.own), np.bool_)
    is_touched[facts.journey] = True
    rows = np.flatnonzero(~is_touched[conversions.journey])
    columns: Columns = {name: np.zeros(len(rows), kind) for name, kind in KINDS.items()}
    columns["touch_number"][:] = 1
    for model in MODELS:
        columns[f"{model}_weight"][:] = 1
        columns[f"{model}_revenue_local"] = conversions.local_cents[rows]
        columns[f"{model}_revenue_usd"] = conversions.usd_cents[rows]
    return Rows(rows, np.full(len(rows), -1), columns)
