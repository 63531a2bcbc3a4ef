"""Clusters from scored pairs by average linkage, within limits. Pure functions.

Two groups are as similar as the mean weight of all pairs between them. A pair that was not scored
counts as `missing`, a weight below the cut: had its records agreed on anything worth comparing, it
would have been a candidate. So one strong pair cannot chain two large groups together, which plain
components would do.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
_SCALE = 1_000_000
"""Weights are summed as whole millionths, so that no order of addition changes a sum."""
_FINE = 1_024
"""Means are whole parts of a millionth."""


@dataclass(frozen=True)
class Limit:
    """At most `most` different values in one cluster. Node `node[i]` holds `value[i]`."""

    name: str
    node: Ints
    value: Ints
    most: int


@dataclass(frozen=True)
class RefusedJoin:
    """The groups whose smallest nodes are `a` and `b` are similar enough (mean `weight`), but
    together would hold `would_be` values where `limit` allows `most`."""

    a: int
    b: int
    weight: float
    limit: str
    most: int
    would_be: int


@dataclass(frozen=True)
class Clusters:
    """`labels[i]`: the smallest node of node i's cluster. `joins`: the mean weight at which each
    join was made, in order. `refused`: what a limit kept apart to the end."""

    labels: Ints
    joins: list[float]
    refused: list[RefusedJoin]


def average_linkage(
    nodes: int,
    first: Ints,
    second: Ints,
    weight: Floats,
    *,
    cut: float,
    missing: float,
    groups: Ints | None = None,
    limits: Sequence[Limit] = (),
) -> Clusters:
    """Join the two most similar groups, over and over, while their mean weight is at least `cut`.

    `first`, `second`, `weight`: scored pairs of different nodes 0 … nodes-1, shape (pairs,), in any
    order; of a pair that comes twice the heavier counts. `missing` must be below `cut`. `groups`
    (nodes,) labels nodes that are joined beforehand, limits or not. Ties go to the smaller nodes,
    so the result depends on the pairs alone. Costs O(pairs log pairs) for bounded weights: the mean
    to a neighbour falls below the cut once enough unscored pairs have come between.
    Raises ValueError if a pair names no node or `missing` is not below `cut`.
    """
    if not missing < cut:
        raise ValueError(f"expected missing below the cut, got {missing} and {cut}")
    start = _smallest(np.arange(nodes) if groups is None else np.asarray(groups))
    units = np.round(np.asarray(weight, np.float64) * _SCALE).astype(np.int64)
    edges = _distinct(nodes, np.asarray(first, np.int64), np.asarray(second, np.int64), units)
    state = _State(start, limits, round(cut * _SCALE), round(missing * _SCALE))
    state.connect(*_within_reach(edges, start, state.cut))
    state.run()
    labels = state.labels(nodes)
    apart = {
        (int(labels[r.a]), int(labels[r.b]), r.limit): r
        for r in state.refused
        if labels[r.a] != labels[r.b]
    }
    return Clusters(labels, state.joins, [apart[key] for key in sorted(apart)])


def _smallest(groups: NDArray[np.generic]) -> Ints:
    """Label each node with the smallest node of its group."""
    _, at, number = np.unique(groups, return_index=True, return_inverse=True)
    labels: Ints = at[number.reshape(-1)].astype(np.int64)
    return labels


def _distinct(nodes: int, first: Ints, second: Ints, units: Ints) -> tuple[Ints, Ints, Ints]:
    """Each pair once, the smaller node first, in order; the heavier of two."""
    low, high = np.minimum(first, second), np.maximum(first, second)
    if len(low) and (low.min() < 0 or high.max() >= nodes or (low == high).any()):
        raise ValueError(f"expected pairs of different nodes below {nodes}")
    order = np.lexsort((-units, high, low))
    low, high, units = low[order], high[order], units[order]
    new = np.ones(len(low), np.bool_)
    new[1:] = (low[1:] != low[:-1]) | (high[1:] != high[:-1])
    return low[new], high[new], units[new]


def _within_reach(
    edges: tuple[Ints, Ints, Ints], start: Ints, cut: int
) -> tuple[Ints, Ints, Ints, Ints]:
    """Sum the pairs of each two groups, leaving out groups that no pair above the cut connects.

    Those can never meet: every pair between them, scored or missing, is below the cut. Returns the
    groups (the smaller first), the sum of weights and the number of pairs.
    """
    low, high, units = start[edges[0]], start[edges[1]], edges[2]
    strong = units >= cut
    graph = coo_array(
        (np.ones(int(strong.sum()), np.int8), (low[strong], high[strong])),
        shape=(len(start), len(start)),
    )
    reach = connected_components(graph.tocsr(), directed=False)[1]
    kept = (low != high) & (reach[low] == reach[high])
    a, b = np.minimum(low, high)[kept], np.maximum(low, high)[kept]
    keys, number = np.unique(a * len(start) + b, return_inverse=True)
    total = np.zeros(len(keys), np.int64)
    np.add.at(total, number, units[kept])
    count = np.bincount(number, minlength=len(keys)).astype(np.int64)
    return keys // max(len(start), 1), keys % max(len(start), 1), total, count


class _State:
    """Groups, what lies between them, and the heap of joins.

    A group keeps the slot of the part with more neighbours, so that a join costs as much as the
    smaller part has; its name is its smallest node.
    """

    def __init__(self, start: Ints, limits: Sequence[Limit], cut: int, missing: int) -> None:
        self.start, self.limits = start, limits
        self.cut, self.missing, self.top = cut * _FINE, missing * _FINE, 0
        slots, sizes = np.unique(start, return_counts=True)
        self.size: dict[int, int] = dict(zip(slots.tolist(), sizes.tolist(), strict=True))
        self.name: dict[int, int] = {slot: slot for slot in self.size}
        self.parent: dict[int, int] = {}
        # What lies between two groups has a number: its sum of weights and its number of pairs.
        self.between: dict[int, dict[int, int]] = {}
        self.total: list[int] = []
        self.count: list[int] = []
        # An entry is one number, which compares fast: distance, smaller name, larger name.
        self.heap: list[int] = []
        self.bits = len(start).bit_length()
        self.mask = (1 << self.bits) - 1
        self.joins: list[float] = []
        self.refused: list[RefusedJoin] = []
        self.held = [self._held(limit) for limit in limits]

    def _held(self, limit: Limit) -> dict[int, set[int]]:
        held: dict[int, set[int]] = {}
        slots = self.start[limit.node].tolist()
        for slot, value in zip(slots, limit.value.tolist(), strict=True):
            held.setdefault(slot, set()).add(value)
        return held

    def connect(self, a: Ints, b: Ints, total: Ints, count: Ints) -> None:
        """Put what lies between each two groups, a < b."""
        self.total, self.count = (total * _FINE).tolist(), count.tolist()
        self.top = int(total.max(initial=0)) * _FINE
        between = self.between
        for link, (x, y) in enumerate(zip(a.tolist(), b.tolist(), strict=True)):
            if x not in between:
                between[x] = {}
            between[x][y] = link
            if y not in between:
                between[y] = {}
            between[y][x] = link
            mean = self._mean(x, y, link)
            if mean >= self.cut:
                self.heap.append(self._entry(x, y, mean))
        heapq.heapify(self.heap)

    def run(self) -> None:
        """Join until nothing above the cut is left.

        A heap entry is an upper bound: growing groups only lower the mean to what was not joined.
        One that has become lower goes back with its present mean.
        """
        heap, bits, mask = self.heap, self.bits, self.mask
        while heap:
            first = heap[0]
            a, b = self._slot((first >> bits) & mask), self._slot(first & mask)
            mean = self._mean(a, b, self.between[a][b]) if a != b else self.cut - 1
            if mean < self.cut:
                heapq.heappop(heap)
                continue
            entry = self._entry(a, b, mean)
            if entry != first:
                heapq.heapreplace(heap, entry)
                continue
            heapq.heappop(heap)
            if not self._refuse(a, b, mean):
                self._join(a, b, mean)

    def _mean(self, a: int, b: int, link: int) -> int:
        pairs = self.size[a] * self.size[b]
        return (self.total[link] + (pairs - self.count[link]) * self.missing) // pairs

    def _entry(self, a: int, b: int, mean: int) -> int:
        x, y = self.name[a], self.name[b]
        if x > y:
            x, y = y, x
        return (((self.top - mean) << self.bits) | x) << self.bits | y

    def _refuse(self, a: int, b: int, mean: int) -> bool:
        for limit, held in zip(self.limits, self.held, strict=True):
            mine, theirs = held.get(a, set()), held.get(b, set())
            count = len(mine | theirs)
            # A group that is over the limit by itself may still take what brings nothing new.
            if count > limit.most and count > max(len(mine), len(theirs)):
                x, y = sorted((self.name[a], self.name[b]))
                self.refused.append(
                    RefusedJoin(x, y, mean / _SCALE / _FINE, limit.name, limit.most, count)
                )
                return True
        return False

    def _join(self, a: int, b: int, mean: int) -> None:
        keep, drop = (a, b) if len(self.between[a]) >= len(self.between[b]) else (b, a)
        self.joins.append(mean / _SCALE / _FINE)
        self.parent[drop] = keep
        self.size[keep] += self.size.pop(drop)
        self.name[keep] = min(self.name[keep], self.name.pop(drop))
        for held in self.held:
            if drop in held:
                held.setdefault(keep, set()).update(held.pop(drop))
        neighbours = self.between[keep]
        del neighbours[drop]
        for other, link in self.between.pop(drop).items():
            if other == keep:
                continue
            del self.between[other][drop]
            mine = neighbours.setdefault(other, link)
            if mine != link:
                self.total[mine] += self.total[link]
                self.count[mine] += self.count[link]
            self.between[other][keep] = mine
            mean = self._mean(keep, other, mine)
            if mean >= self.cut:
                heapq.heappush(self.heap, self._entry(keep, other, mean))

    def _slot(self, slot: int) -> int:
        parent = self.parent
        while slot in parent:
            above = parent[slot]
            if above in parent:
                parent[slot] = parent[above]
            slot = above
        return slot

    def labels(self, nodes: int) -> Ints:
        """The smallest node of every node's cluster."""
        found = np.arange(nodes, dtype=np.int64)
        for slot in np.unique(self.start).tolist():
            found[slot] = self.name[self._slot(slot)]
        labels: Ints = found[self.start]
        return labels
