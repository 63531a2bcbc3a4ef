"""Joining within limits, one value at a time, where whole components would break one."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]
Held = dict[int, set[int]]


@dataclass(frozen=True)
class Refusal:
    """Records `record` and `other` share `value` but stay apart: of `kind` one person would hold
    `would_be` different values, and `limit` are allowed."""

    value: int
    record: int
    other: int
    kind: int
    limit: int
    would_be: int


def join_within_limits(
    labels: Ints,
    stars: Sequence[tuple[int, list[int]]],
    held: tuple[Ints, Ints, Ints],
    limits: Mapping[int, int],
    refused: list[Refusal],
) -> None:
    """Join the records of each star, in order, unless that breaks a limit. Changes `labels`.

    `held` lists (record, value, kind) of the values that count. A record that the value's first
    group may not take is offered to its next group, so that one refusal does not part the others.
    """
    values: dict[int, Held] = defaultdict(lambda: defaultdict(set))
    for record, value, kind in zip(*(column.tolist() for column in held), strict=True):
        values[int(labels[record])][kind].add(value)
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
            refusals = []
            for group in groups:
                theirs = root(group)
                problem = None if mine == theirs else breach(values[theirs], values[mine], limits)
                if problem is None:
                    _merge(parent, values, theirs, mine)
                    break
                refusals.append(Refusal(value, record, group, *problem))
            else:
                groups.append(record)
                refused.extend(refusals)
    top = np.arange(len(labels), dtype=np.int32)
    for label in parent:
        top[label] = _top(parent, label)
    labels[:] = top[labels]


def breach(a: Held, b: Held, limits: Mapping[int, int]) -> tuple[int, int, int] | None:
    """The (kind, limit, count) that joining two groups would break, or None.

    A group that is over a limit by itself may still take records that bring nothing new.
    """
    for kind, limit in sorted(limits.items()):
        mine, theirs = a.get(kind, set()), b.get(kind, set())
        count = len(mine | theirs)
        if count > limit and count > max(len(mine), len(theirs)):
            return kind, limit, count
    return None


def _merge(parent: dict[int, int], values: dict[int, Held], a: int, b: int) -> None:
    """The smaller label stays, so that a label is always its component's smallest record."""
    if a == b:
        return
    keep, drop = min(a, b), max(a, b)
    parent[drop] = keep
    for kind, found in values.pop(drop, {}).items():
        values[keep][kind] |= found


def _top(parent: dict[int, int], label: int) -> int:
    while parent[label] != label:
        label = parent[label]
    return label
