"""Where to cut: calibrated on the pairs themselves, without labels. Pure functions."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression
from scipy.sparse import csr_array

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

SURE = float(np.log2(99))
"""Bits of 99 to 1: what counts as surely one person, and turned round as surely not."""
UNSEEN = 4.0
"""Bits that a pair without anything worth comparing lies below the cut: 16 to 1 against."""
MOST = 2 * SURE
"""Bits from the cut that a pair counts at most, either way: no single one decides for a crowd."""


@dataclass(frozen=True)
class Cut:
    """`bits`: the weight from which a pair is more likely right than wrong. `missing`: what a pair
    that was not compared counts. `closure`: how often a third record confirms sure pairs;
    `triangles`: how many third records there were to ask, of all pairs."""

    bits: float
    missing: float
    closure: float
    triangles: int


def calibrate(nodes: int, first: Ints, second: Ints, weight: Floats) -> Cut:
    """Find the weight at which a third record confirms pairs half as often as it does sure ones.

    If a and b are one person, and a and c surely are, then b and c should look like one person too:
    the share of such c is a measure of a pair's truth that does not come from its own weight. A c
    that looks neither like b nor unlike b has no voice. A monotone curve of the share over the
    weight crosses half of what it is for sure pairs at the cut. Each pair also has one vote by its
    own weight, so a set without third records is cut at even odds.

    `first` < `second` (pairs,) are record indexes below `nodes`, `weight` bits for one person.
    """
    own = 1 / (1 + np.exp2(-np.clip(weight, -60, 60)))
    confirmed, asked = _confirmations(nodes, first, second, weight)
    sure = weight >= SURE
    triangles = int(asked[sure].sum())
    closure = float((confirmed[sure].sum() + 1) / (triangles + 1))
    rate = (confirmed + closure * own) / (asked + 1)
    bits = _crossing(weight, rate, asked + 1, closure / 2)
    return Cut(bits, bits - UNSEEN, closure, int(asked.sum()))


def _confirmations(nodes: int, first: Ints, second: Ints, weight: Floats) -> tuple[Floats, Floats]:
    """For each pair, how many third records that are surely one end look like the other one too,
    and how many there are; both (pairs,)."""
    sure = _graph(nodes, first, second, weight >= SURE)
    alike = sure @ _graph(nodes, first, second, weight >= 0)
    unclear = sure @ _graph(nodes, first, second, (weight < 0) & (weight > -SURE))
    neighbours = np.asarray(sure.sum(axis=1)).ravel()
    # Neither end is its own third record.
    asked = neighbours[first] + neighbours[second] - 2.0 * (weight >= SURE)
    silent = _both_ways(unclear, first, second)
    return _both_ways(alike, first, second), asked - silent


def _both_ways(paths: csr_array, first: Ints, second: Ints) -> Floats:
    if not len(first):
        return np.zeros(0)
    found = paths[first, second] + paths[second, first]
    return np.asarray(found, np.float64).ravel()


def _graph(nodes: int, first: Ints, second: Ints, kept: NDArray[np.bool_]) -> csr_array:
    a, b = first[kept], second[kept]
    ends = (np.concatenate([a, b]), np.concatenate([b, a]))
    return csr_array((np.ones(2 * len(a)), ends), shape=(nodes, nodes))


def _crossing(weight: Floats, rate: Floats, votes: Floats, half: float) -> float:
    """The lowest weight from which the monotone fit of `rate` is at least `half`; 0 if none is."""
    if not len(weight):
        return 0.0
    points, at = np.unique(np.round(weight, 6), return_inverse=True)
    total = np.bincount(at, votes)
    mean = np.bincount(at, rate * votes) / total
    fit = isotonic_regression(mean, weights=total).x
    above = np.flatnonzero(fit >= half)
    if not len(above):
        return max(0.0, float(points[-1]))
    place = int(above[0])
    if place == 0:
        return min(0.0, float(points[0]))
    return float((points[place - 1] + points[place]) / 2)
