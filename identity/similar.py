"""Pairs of records that look alike: the second, weaker class of evidence, where switched on.

Exact evidence joins first. Then groups of records are joined by average linkage over the model's
weights, within the same limits, so that one lucky pair never chains two crowds together.
"""

from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np
from numpy.typing import NDArray

from identity.arrays import columns, one, set_variables
from identity.limits import Ints, Limit
from identity.resolve import SPLIT, components
from identity.scope import read_sides
from warehouse.settings import settings

SIMILAR = 999
"""The kind of a pair that looks alike: believed after every identifier."""


@dataclass(frozen=True)
class SimilarRefusal:
    """The people of records `record` and `other` look alike, but together would hold `would_be`
    values of `limit_id_type` where `limit_value` are allowed."""

    record: int
    other: int
    limit_id_type: str
    limit_value: int
    would_be: int


@dataclass(frozen=True)
class Joined:
    """Labels and components after the pairs; `first`, `second`: the pairs inside one person."""

    labels: Ints
    component: Ints
    first: Ints
    second: Ints
    refused: list[SimilarRefusal]


def model() -> Path | None:
    """The model file that the deployment's setting names, or None. Raises IdentityError."""
    if not settings().identity_model:
        return None
    from identity.linkage.train import active_model

    return active_model()


def observe(
    con: duckdb.DuckDBPyConnection, run_number: int, path: Path | None, is_due: bool
) -> int:
    """Add to the log `state.similar_pairs` which pairs look alike anew or no longer.

    `is_due`: records or the model changed since the last run; without a model no pair holds. Leaves
    temp table `similar_seeds` (record_hash); returns how many pairs changed.
    """
    con.execute(_NO_SEEDS)
    if path is None:
        if not one(con, "select count(*) from state.similar_pairs"):
            return 0
        pairs = None
    elif is_due:
        from identity.linkage.train import similar_pairs

        pairs = similar_pairs(con, path)
    else:
        return 0
    set_variables(con, run_number=run_number)
    con.execute(_NO_PAIRS)
    if pairs is not None:
        con.register("in_pairs", pairs)
        con.execute(_PAIRS)
        con.unregister("in_pairs")
    con.execute(_LOG)
    return int(one(con, "select count(*) from changed_pairs"))


def join(
    con: duckdb.DuckDBPyConnection,
    labels: Ints,
    component: Ints,
    limits: dict[int, Limit],
    path: Path | None,
) -> Joined:
    """Join the people in scope that look alike enough, within limits (of all times)."""
    none = np.empty(0, np.int32)
    if path is None:
        return Joined(labels, component, none, none, [])
    from identity.linkage.link import Pairs, cluster
    from identity.linkage.train import read_model

    first, second, weight = con.execute(_IN_SCOPE).to_arrow_table().columns
    pairs = Pairs(
        np.asarray(first, np.int64), np.asarray(second, np.int64), np.asarray(weight, np.float64)
    )
    if not len(pairs.first):
        return Joined(labels, component, none, none, [])
    _, trained = read_model(path)
    found = cluster(
        len(labels), pairs, trained.cut,
        groups=labels.astype(np.int64), limits=_limits(con, limits),
    )  # fmt: skip
    joined = _smallest(found.labels)
    inside = joined[pairs.first] == joined[pairs.second]
    numbers = np.arange(len(labels), dtype=np.int32)
    reach = components(
        len(labels),
        np.concatenate([component, pairs.first.astype(np.int32)]),
        np.concatenate([numbers, pairs.second.astype(np.int32)]),
    )
    refused = [SimilarRefusal(r.a, r.b, r.limit, r.most, r.would_be) for r in found.refused]
    return Joined(
        joined, reach,
        pairs.first[inside].astype(np.int32), pairs.second[inside].astype(np.int32), refused,
    )  # fmt: skip


def _smallest(labels: NDArray[np.int64]) -> Ints:
    """Label each record with the smallest record of its group."""
    _, at, number = np.unique(labels, return_index=True, return_inverse=True)
    smallest: Ints = at[number].astype(np.int32)
    return smallest


def _limits(con: duckdb.DuckDBPyConnection, limits: dict[int, Limit]) -> list[object]:
    """The limits as clustering reads them, splits by hand among them."""
    from identity.linkage.clusters import Limit as ClusterLimit

    con.register("in_limits", {"priority": np.array(list(limits), np.int32)})
    record, value, kind = columns(con, _HELD)
    con.unregister("in_limits")
    names = dict(con.execute("select priority, id_type from rules.identity_id_types").fetchall())
    found: list[object] = [
        ClusterLimit(names[k], record[kind == k].astype(np.int64),
                     value[kind == k].astype(np.int64), limit.most)
        for k, limit in limits.items()
    ]  # fmt: skip
    sides = read_sides(con)
    found += [
        ClusterLimit(f"split {kind - SPLIT}", sides.record[sides.kind == kind].astype(np.int64),
                     sides.side[sides.kind == kind].astype(np.int64), 1)
        for kind in np.unique(sides.kind).tolist()
    ]  # fmt: skip
    return found


_NO_SEEDS = "create or replace temp table similar_seeds (record_hash ubigint)"

_NO_PAIRS = """
create or replace temp table pairs_now (
    record_hash ubigint, other_hash ubigint, match_weight double, probability double,
    model_version varchar)
"""

_PAIRS = """
insert into pairs_now
select
    hash(source, record_type, record_id), hash(other_source, other_record_type, other_record_id),
    match_weight, probability, model_version
from in_pairs
"""

_LOG = """
create or replace temp table pairs_before as
select record_hash, other_hash, match_weight, probability, model_version
from state.similar_pairs
qualify row_number() over (
    partition by record_hash, other_hash, match_weight, model_version order by run_number desc
) = 1 and is_observed;
create or replace temp table changed_pairs as
select true as is_observed, * from (from pairs_now except from pairs_before)
union all
select false, * from (from pairs_before except from pairs_now);
insert into state.similar_pairs
select getvariable('run_number'), * from changed_pairs order by all;
insert into similar_seeds
select unnest([record_hash, other_hash]) from changed_pairs;
"""

CURRENT = """
select record_hash, other_hash, match_weight, probability, model_version
from state.similar_pairs
qualify row_number() over (
    partition by record_hash, other_hash, match_weight, model_version order by run_number desc
) = 1 and is_observed
"""

_IN_SCOPE = f"""
select mine.record::bigint, theirs.record::bigint, match_weight
from ({CURRENT}) as pairs
inner join scope_records as mine on pairs.record_hash = mine.record_hash
inner join scope_records as theirs on pairs.other_hash = theirs.record_hash
order by 1, 2
"""

_HELD = """
select record, (dense_rank() over (order by value_hash) - 1)::integer, priority
from scope_links semi join in_limits using (priority)
where not is_shared
order by all
"""
