"""Joining within limits, one value at a time, where whole components would break one."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Held = dict[int, dict[int, int]]
"""What a group holds: kind -> value -> second in which it was first seen."""

UNDATED = -(2**62)
"""The second of a value without a time: it counts in every window."""

_OFFERS = 8


@dataclass(frozen=True)
class Limit:
    """One person may hold at most `most` different values of a kind within any `seconds` (None:
    ever)."""

    most: int
    seconds: int | None = None

    def count(self, times: Sequence[int]) -> int:
        """The most values in one window, given the second in which each was first seen."""
        if self.seconds is None or len(times) <= self.most:
            return len(times)
        dated = sorted(time for time in times if time != UNDATED)
        start = best = 0
        for end, time in enumerate(dated):
            while time - dated[start] >= self.seconds:
                start += 1
            best = max(best, end - start + 1)
        return best + len(times) - len(dated)


@dataclass(frozen=True)
class Refusal:
    """Records `record` and `other` share `value` but stay apart: of `kind` one person would hold
    `would_be` different values in the limit's window, and `limit` are allowed."""

    value: int
    record: int
    other: int
    kind: int
    limit: int
    would_be: int


def join_within_limits(
    labels: Ints,
    stars: Sequence[tuple[int, list[int]]],
    held: Mapping[int, Held],
    limits: Mapping[int, Limit],
    refused: list[Refusal],
) -> None:
    """Join the records of each star, in order, unless that breaks a limit. Changes `labels`.

    `held`: per label what its group holds of the limited kinds. A record that the value's first
    group may not take is offered to its next ones, so that one refusal does not part the others;
    beyond a few groups a value is nobody's own, and comparing all would cost their square.
    """
    values: dict[int, Held] = defaultdict(dict, held)
    parent = {int(label): int(label) for label in np.unique(labels)}

    def root(record: int) -> int:
        label = int(labels[record])
        while parent[label] != label:
            parent[label] = parent[parent[label]]
            label = parent[label]
        return label

    for value, records in stars:
        groups: list[int] = []
        for record in records:
            mine = root(record)
            first: Refusal | None = None
            for group in groups:
                theirs = root(group)
                problem = None if mine == theirs else breach(values[theirs], values[mine], limits)
                if problem is None:
                    _merge(parent, values, theirs, mine)
                    break
                first = first or Refusal(value, record, group, *problem)
            else:
                if len(groups) < _OFFERS:
                    groups.append(record)
                if first is not None:
                    refused.append(first)
    top = np.arange(len(labels), dtype=np.int32)
    for label in parent:
        top[label] = _top(parent, label)
    labels[:] = top[labels]


def breach(a: Held, b: Held, limits: Mapping[int, Limit]) -> tuple[int, int, int] | None:
    """The (kind, limit, count) that joining two groups would break, or None.

    A group that is over a limit by itself may still take records that bring nothing new.
    """
    for kind in sorted(a.keys() & b.keys() & limits.keys()):
        mine, theirs = a[kind], b[kind]
        if mine.keys() <= theirs.keys() or theirs.keys() <= mine.keys():
            continue
        together = _earliest(mine, theirs)
        count = limits[kind].count(list(together.values()))
        if count > limits[kind].most:
            return kind, limits[kind].most, count
    return None


def _earliest(a: Mapping[int, int], b: Mapping[int, int]) -> dict[int, int]:
    return {v: min(a.get(v, b.get(v, 0)), b.get(v, a.get(v, 0))) for v in a.keys() | b.keys()}


def _merge(parent: dict[int, int], values: dict[int, Held], a: int, b: int) -> None:
    """The smaller label stays, so that a label is always its component's smallest record."""
    if a == b:
        return
    keep, drop = min(a, b), max(a, b)
    parent[drop] = keep
    mine = values[keep]
    for kind, found in values.pop(drop, {}).items():
        mine[kind] = _earliest(mine[kind], found) if kind in mine else found


def _top(parent: dict[int, int], label: int) -> int:
    while parent[label] != label:
        label = parent[label]
    return label
