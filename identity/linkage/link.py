"""From records to people: learn, weigh, cut, join."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from identity.linkage.candidates import Candidates, compare
from identity.linkage.classes import Classes, learn, weigh
from identity.linkage.clusters import Clusters, average_linkage
from identity.linkage.comparisons import NAMESAKES, RELATIVES
from identity.linkage.cut import MOST, Cut, calibrate


@dataclass(frozen=True)
class Pairs:
    """Compared pairs of record indexes, first < second, and their bits for one person; (pairs,)."""

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    weight: NDArray[np.float64]


@dataclass(frozen=True)
class Model:
    """What was learnt from `records` records and `pairs` compared pairs."""

    splink: dict[str, Any]
    classes: Classes
    cut: Cut
    records: int
    pairs: int
    skipped_blocks: int


@dataclass(frozen=True)
class Linked:
    """`labels` (records,): the smallest record index of each record's person."""

    labels: NDArray[np.int64]
    summary: dict[str, Any]


def fit(records: pa.Table) -> tuple[Model, Pairs]:
    """Learn a model from records alone, from cold, and weigh their pairs with it.

    `records`: `record_index` 0 … n-1 and any of FIELDS as text. Raises IdentityError without
    Splink, or if the records hold nothing to compare.
    """
    compared = compare(records)
    found = compared.candidates
    names = [comparison["output_column_name"] for comparison in compared.splink["comparisons"]]
    strangers = [_chances(comparison) for comparison in compared.splink["comparisons"]]
    look_alikes = [[name in kind for name in names] for kind in (RELATIVES, NAMESAKES)]
    classes = learn(found.level, strangers, look_alikes, records.num_rows)
    pairs = _weighed(classes, found)
    cut = calibrate(records.num_rows, pairs.first, pairs.second, pairs.weight)
    model = Model(
        splink=compared.splink,
        classes=classes,
        cut=cut,
        records=records.num_rows,
        pairs=len(pairs.first),
        skipped_blocks=compared.skipped_blocks,
    )
    return model, pairs


def score_pairs(records: pa.Table, model: Model) -> Pairs:
    """Weigh the pairs of other records by a model that was learnt before."""
    return _weighed(model.classes, compare(records, model.splink).candidates)


def cluster(records: int, pairs: Pairs, cut: Cut, **within: Any) -> Clusters:
    """Average linkage at the calibrated cut; `within`: the groups and limits it takes."""
    return average_linkage(
        records,
        pairs.first,
        pairs.second,
        np.clip(pairs.weight, cut.bits - MOST, cut.bits + MOST),
        cut=cut.bits,
        missing=cut.missing,
        **within,
    )


def link(records: pa.Table) -> Linked:
    """Learn from the records and join those that are one person."""
    model, pairs = fit(records)
    clusters = cluster(records.num_rows, pairs, model.cut)
    summary = {
        "compared_pairs": model.pairs,
        "skipped_blocks": model.skipped_blocks,
        "cut": round(model.cut.bits, 4),
        "triangles": model.cut.triangles,
    }
    return Linked(clusters.labels, summary)


def _weighed(classes: Classes, found: Candidates) -> Pairs:
    return Pairs(found.first, found.second, weigh(classes, found.level, found.rarity))


def _chances(comparison: dict[str, Any]) -> NDArray[np.float64]:
    """How often strangers reach each level of a comparison, the least alike first."""
    levels = [x for x in comparison["comparison_levels"] if not x.get("is_null_level")]
    return np.array([float(level.get("u_probability") or 0.0) for level in levels[::-1]])
