"""Which records are one person: connected components, limits and lasting ids. Pure functions.

Records are numbered 0 … n-1 in the order of their keys, values in the order of their text, so that
every result depends on the evidence alone and not on the order in which it arrived.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from identity.errors import IdentityError
from identity.limits import Refusal, join_within_limits

Ints = NDArray[np.int32]


@dataclass(frozen=True)
class Evidence:
    """The graph of one run.

    `first`, `second`, `edge_value`: star edges, each from the smallest record of a value to another
    record of it. `link_record`, `link_value`: every record and value that touch. `value_first`,
    `value_kind`, `value_counts` per value: its smallest record, its kind (1 is believed first) and
    whether it counts towards limits (a shared value does not). All int32, shapes (edges,), (links,)
    and (values,).
    """

    records: int
    first: Ints
    second: Ints
    edge_value: Ints
    link_record: Ints
    link_value: Ints
    value_first: Ints
    value_kind: Ints
    value_counts: NDArray[np.bool_]


@dataclass(frozen=True)
class Partition:
    """`labels[i]`: the smallest record of record i's component; `refused`: what limits kept out."""

    labels: Ints
    refused: list[Refusal]


def components(records: int, first: Ints, second: Ints) -> Ints:
    """Label each record with the smallest record it is connected to; shape (records,)."""
    if records == 0:
        return np.empty(0, np.int32)
    ones = np.ones(len(first), np.int8)
    graph: Any = coo_array((ones, (first, second)), shape=(records, records))
    count, found = connected_components(graph.tocsr(), directed=False)
    smallest = np.full(count, records, np.int32)
    np.minimum.at(smallest, found, np.arange(records, dtype=np.int32))
    labels: Ints = smallest[found]
    return labels


def partition(evidence: Evidence, limits: Mapping[int, int]) -> Partition:
    """Join records that share a value, except where a person would break a limit.

    `limits` maps a kind to the most different values of it that one person may hold. Components
    within every limit stay as they are; only the others are built up again, the most believed kind
    first, and a join that would break a limit is refused and reported.
    """
    labels = components(evidence.records, evidence.first, evidence.second)
    broken = _broken(evidence, labels, limits)
    if not broken.any():
        return Partition(labels, [])
    inside = broken[labels]
    outer = np.flatnonzero(inside).astype(np.int32)
    part = _part(evidence, inside)
    refused: list[Refusal] = []
    inner = np.arange(len(outer), dtype=np.int32)
    for kind in np.unique(part.value_kind[part.edge_value]):
        inner = _join_level(part, inner, int(kind), limits, refused)
    labels = labels.copy()
    labels[outer] = outer[inner]
    apart = [r for r in refused if inner[r.record] != inner[r.other]]
    kept = [replace(r, record=int(outer[r.record]), other=int(outer[r.other])) for r in apart]
    _assert_whole(evidence, labels, kept)
    return Partition(labels, kept)


def _part(evidence: Evidence, inside: NDArray[np.bool_]) -> Evidence:
    """The evidence among the marked records, numbered anew in the same order."""
    number = np.cumsum(inside, dtype=np.int32) - np.int32(1)
    edges, links = inside[evidence.first], inside[evidence.link_record]
    return replace(
        evidence,
        records=int(inside.sum()),
        first=number[evidence.first[edges]],
        second=number[evidence.second[edges]],
        edge_value=evidence.edge_value[edges],
        link_record=number[evidence.link_record[links]],
        link_value=evidence.link_value[links],
    )


def _broken(evidence: Evidence, labels: Ints, limits: Mapping[int, int]) -> NDArray[np.bool_]:
    """Mark the labels whose component holds too many values of a kind; shape (records,)."""
    broken = np.zeros(evidence.records, np.bool_)
    home = labels[evidence.value_first]
    for kind, limit in limits.items():
        counted = evidence.value_counts & (evidence.value_kind == kind)
        broken |= np.bincount(home[counted], minlength=evidence.records) > limit
    return broken


def _join_level(
    part: Evidence, labels: Ints, kind: int, limits: Mapping[int, int], refused: list[Refusal]
) -> Ints:
    """Add one kind's edges: at once where no limit breaks, one join at a time elsewhere."""
    chosen = part.value_kind[part.edge_value] == kind
    joined = components(part.records, labels[part.first[chosen]], labels[part.second[chosen]])
    joined = joined[labels]
    counts = part.value_counts[part.link_value]
    record, value = part.link_record[counts], part.link_value[counts]
    slow = _over(part, joined[record], value, limits)[joined]
    result = np.where(slow, labels, joined).astype(np.int32)
    if slow.any():
        mine = slow[record]
        join_within_limits(
            result,
            stars=_stars(part, chosen & slow[part.first]),
            held=(record[mine], value[mine], part.value_kind[value[mine]]),
            limits=limits,
            refused=refused,
        )
    return result


def _over(part: Evidence, label: Ints, value: Ints, limits: Mapping[int, int]) -> NDArray[np.bool_]:
    """Mark the labels that hold too many different values; shape (records,)."""
    over = np.zeros(part.records, np.bool_)
    pairs = np.unique(np.stack([label, value]), axis=1)
    kinds = part.value_kind[pairs[1]]
    for kind, limit in limits.items():
        over |= np.bincount(pairs[0][kinds == kind], minlength=part.records) > limit
    return over


def _stars(evidence: Evidence, edges: NDArray[np.bool_]) -> list[tuple[int, list[int]]]:
    """The records of each value, both in order."""
    stars: dict[int, set[int]] = {}
    columns = (evidence.edge_value[edges], evidence.first[edges], evidence.second[edges])
    for value, first, second in zip(*(column.tolist() for column in columns), strict=True):
        stars.setdefault(value, {first}).add(second)
    return [(value, sorted(stars[value])) for value in sorted(stars)]


def _assert_whole(evidence: Evidence, labels: Ints, refused: list[Refusal]) -> None:
    """Every edge lies in one component unless its value was refused a join."""
    crossing = labels[evidence.first] != labels[evidence.second]
    known = {refusal.value for refusal in refused}
    stray = len(set(evidence.edge_value[crossing].tolist()) - known)
    if stray:
        raise IdentityError(
            f"expected no edge across two people without a refusal, got {stray}; this is a bug"
        )
