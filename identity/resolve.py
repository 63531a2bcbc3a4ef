"""Which records are one person: connected components and limits. Pure functions over arrays.

Records are numbered 0 … n-1 in the order of their keys, values in the order of their text, so that
every result depends on the evidence alone and not on the order in which it arrived.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from identity.errors import IdentityError
from identity.limits import UNDATED, Held, Ints, Limit, Refusal, join_within_limits

OVERRIDE = 0
"""The kind of a merge by hand: believed before every identifier, kept apart by splits alone."""

SPLIT = 1000
"""Split number i is a kind of its own, SPLIT + i, of which one person holds one side."""

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Sides:
    """Which side of which split by hand a record is on: kind (SPLIT + number) and side; int32."""

    record: Ints
    kind: Ints
    side: Ints


@dataclass(frozen=True)
class Graph:
    """What labelling needs of all the evidence.

    `first`, `second`: edges that hold the records of each value together; int32, shape (edges,).
    Per value its smallest record, its kind (1 is believed first) and whether
    it counts towards limits (a shared value does not); shape (values,).
    """

    records: int
    first: Ints
    second: Ints
    value_first: Ints
    value_kind: Ints
    value_counts: Bools
    sides: Sides


@dataclass(frozen=True)
class Part:
    """Every link among a few records: `link_seen` in seconds or UNDATED, values in text order."""

    records: int
    link_record: Ints
    link_value: Ints
    link_seen: NDArray[np.int64]
    value_kind: Ints
    value_counts: Bools
    sides: Sides


@dataclass(frozen=True)
class Partition:
    """`labels[i]` and `component[i]`: the smallest record of record i's person, and of all that
    evidence connects it to, limits aside. `refused`: what limits kept out, its values as numbered
    in the part that `detail` gave."""

    labels: Ints
    component: Ints
    refused: list[Refusal]


def components(records: int, first: Ints, second: Ints) -> Ints:
    """Label each record with the smallest record it is connected to; shape (records,).

    Every label is hooked under the smallest one that an edge ties it to, and labels are followed to
    their end; then edges tie labels. A label that has only larger neighbours is smaller than what
    they hook under, or takes them in, so two rounds at least halve the labels of a component.
    """
    labels = np.arange(records, dtype=np.int32)
    while len(first):
        low, high = np.minimum(first, second), np.maximum(first, second)
        np.minimum.at(labels, high, low)
        followed = labels[labels]
        while not np.array_equal(followed, labels):
            labels, followed = followed, followed[followed]
        first, second = labels[low], labels[high]
        apart = first != second
        first, second = first[apart], second[apart]
    return labels


def partition(
    graph: Graph, limits: Mapping[int, Limit], detail: Callable[[Ints], Part]
) -> Partition:
    """Join records that share a value, except where a person would break a limit.

    `limits` maps a kind to what one person may hold of it. Components within every limit stay as
    they are; of the others `detail` gives every link, and they are built up again, the most
    believed kind first: a join that would break a limit is refused and reported.
    """
    component = components(graph.records, graph.first, graph.second)
    broken = _broken(graph, component, limits)
    if not broken.any():
        return Partition(component, component, [])
    outer = np.flatnonzero(broken[component]).astype(np.int32)
    inner, refused = rejoin(detail(outer), limits)
    labels = component.copy()
    labels[outer] = outer[inner]
    kept = [replace(r, record=int(outer[r.record]), other=int(outer[r.other])) for r in refused]
    return Partition(labels, component, kept)


def rejoin(part: Part, limits: Mapping[int, Limit]) -> tuple[Ints, list[Refusal]]:
    """Labels within `part`, built up kind by kind, and the joins that were refused."""
    splits = {kind: Limit(1) for kind in np.unique(part.sides.kind).tolist()}
    labels = np.arange(part.records, dtype=np.int32)
    refused: list[Refusal] = []
    link_kind = part.value_kind[part.link_value]
    for kind in np.unique(link_kind).tolist():
        obeyed = splits if kind == OVERRIDE else {**limits, **splits}
        labels = _join_level(part, labels, link_kind == kind, obeyed, refused)
    apart = [r for r in refused if labels[r.record] != labels[r.other]]
    _assert_whole(part, labels, apart)
    return labels, apart


def _broken(graph: Graph, labels: Ints, limits: Mapping[int, Limit]) -> Bools:
    """Mark the labels whose component may hold too much of a kind; shape (records,)."""
    broken = np.zeros(graph.records, np.bool_)
    for kind, limit in limits.items():
        counted = graph.value_counts & (graph.value_kind == kind)
        home = labels[graph.value_first[counted]]
        broken |= np.bincount(home, minlength=graph.records) > limit.most
    sides = graph.sides
    one_side = dict[tuple[int, int], int]()
    for label, kind, side in zip(
        labels[sides.record].tolist(), sides.kind.tolist(), sides.side.tolist(), strict=True
    ):
        if one_side.setdefault((label, kind), side) != side:
            broken[label] = True
    return broken


def _join_level(
    part: Part, labels: Ints, chosen: Bools, limits: Mapping[int, Limit], refused: list[Refusal]
) -> Ints:
    """Add one kind's links: at once where no limit breaks, one join at a time elsewhere."""
    record, value = part.link_record[chosen], part.link_value[chosen]
    smallest = np.full(len(part.value_kind), part.records, np.int32)
    np.minimum.at(smallest, value, record)
    joined = components(part.records, labels[smallest[value]], labels[record])[labels]
    slow = _over(part, joined, limits)[joined]
    result = np.where(slow, labels, joined).astype(np.int32)
    if slow.any():
        mine = slow[record]
        stars = _stars(record[mine], value[mine])
        join_within_limits(result, stars, _held(part, result, slow, limits), limits, refused)
    return result


def _over(part: Part, labels: Ints, limits: Mapping[int, Limit]) -> Bools:
    """Mark the labels that hold too many different values in all, whenever seen."""
    over = np.zeros(part.records, np.bool_)
    counts = part.value_counts[part.link_value]
    record, value = part.link_record[counts], part.link_value[counts]
    sides = part.sides
    for kind, limit in limits.items():
        if kind >= SPLIT:
            of_kind = sides.kind == kind
            label, held = labels[sides.record[of_kind]], sides.side[of_kind]
        else:
            of_kind = part.value_kind[value] == kind
            label, held = labels[record[of_kind]], value[of_kind]
        pairs = np.unique(label.astype(np.int64) << 32 | held)
        over |= np.bincount(pairs >> 32, minlength=part.records) > limit.most
    return over


def _stars(record: Ints, value: Ints) -> list[tuple[int, list[int]]]:
    """The records of each value, both in order."""
    if not len(value):
        return []
    order = np.lexsort((record, value))
    values, starts = np.unique(value[order], return_index=True)
    groups = np.split(record[order], starts[1:])
    return [(v, group.tolist()) for v, group in zip(values.tolist(), groups, strict=True)]


def _held(part: Part, labels: Ints, slow: Bools, limits: Mapping[int, Limit]) -> dict[int, Held]:
    """Per label what its records hold of the limited kinds, and since when."""
    kinds = part.value_kind[part.link_value]
    chosen = slow[part.link_record] & part.value_counts[part.link_value]
    chosen &= np.isin(kinds, list(limits))
    of_side = slow[part.sides.record] & np.isin(part.sides.kind, list(limits))
    side = part.sides
    rows = zip(
        labels[np.concatenate([part.link_record[chosen], side.record[of_side]])].tolist(),
        np.concatenate([kinds[chosen], side.kind[of_side]]).tolist(),
        np.concatenate([part.link_value[chosen], side.side[of_side]]).tolist(),
        np.concatenate([part.link_seen[chosen], np.full(of_side.sum(), UNDATED)]).tolist(),
        strict=True,
    )
    held: dict[int, Held] = {}
    for label, kind, value, seen in rows:
        times = held.setdefault(label, {}).setdefault(kind, {})
        times[value] = min(seen, times.get(value, seen))
    return held


def _assert_whole(part: Part, labels: Ints, refused: list[Refusal]) -> None:
    """The records of a value are one person unless that value was refused a join."""
    lowest = np.full(len(part.value_kind), part.records, np.int32)
    highest = np.full(len(part.value_kind), -1, np.int32)
    np.minimum.at(lowest, part.link_value, labels[part.link_record])
    np.maximum.at(highest, part.link_value, labels[part.link_record])
    crossing = np.flatnonzero((lowest != highest) & (highest >= 0))
    stray = len(set(crossing.tolist()) - {refusal.value for refusal in refused})
    if stray:
        raise IdentityError(
            f"expected no value across two people without a refusal, got {stray}; this is a bug"
        )
