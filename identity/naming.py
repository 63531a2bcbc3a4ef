"""Lasting ids: which person a component is, and what changed. Pure functions over arrays."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from identity.limits import Ints
from identity.resolve import components

Longs = NDArray[np.int64]


@dataclass(frozen=True)
class Naming:
    """Who the people are, in terms of the persons known before.

    `owner`: per record, the index of the person known before who now owns it, or -1 where its
    label needs a new id; shape (records,). `eldest`: per record, the first record of its label in
    load order. `merged`: (loser, winner) persons. `moved`: (person, label) where a person's records
    left it, the part that stayed being larger.
    """

    owner: Ints
    eldest: Ints
    merged: list[tuple[int, int]]
    moved: list[tuple[int, int]]


def name(labels: Ints, prior: Ints, loaded: Longs, person_rank: Ints) -> Naming:
    """Give each label the oldest of the persons that claim it.

    A person claims the label that holds most of its prior records; a tie goes to the label with the
    earliest record. `prior`: per record the person it belonged to, or -1. `loaded`: per record its
    place in the loads (equal places go by record number). `person_rank`: per person its place in
    order of minting; the smallest is the oldest.
    """
    eldest = first_loaded(labels, loaded)
    owner_of_label = np.full(len(labels), -1, np.int32)
    known = prior >= 0
    if not known.any():
        return Naming(owner_of_label, eldest[labels], [], [])
    pairs, counts = np.unique(
        prior[known].astype(np.int64) << 32 | labels[known], return_counts=True
    )
    person, label = (pairs >> 32).astype(np.int32), (pairs & 0xFFFFFFFF).astype(np.int32)
    earliest = eldest[label]
    order = np.lexsort((earliest, loaded[earliest], -counts, person))
    is_claim = np.zeros(len(order), np.bool_)
    is_claim[order] = np.concatenate([[True], np.diff(person[order]) != 0])
    claimant, claimed = person[is_claim], label[is_claim]
    oldest_first = np.lexsort((person_rank[claimant], claimed))
    claimant, claimed = claimant[oldest_first], claimed[oldest_first]
    wins = np.concatenate([[True], np.diff(claimed) != 0])
    owner_of_label[claimed[wins]] = claimant[wins]
    losers, lost = claimant[~wins], claimed[~wins]
    merged = list(zip(losers.tolist(), owner_of_label[lost].tolist(), strict=True))
    moved = list(zip(person[~is_claim].tolist(), label[~is_claim].tolist(), strict=True))
    return Naming(owner_of_label[labels], eldest[labels], merged, moved)


def first_loaded(labels: Ints, loaded: Longs) -> Ints:
    """Per label (at the index of the label) its first record in load order; shape (records,)."""
    earliest = np.full(len(labels), np.iinfo(np.int64).max, np.int64)
    np.minimum.at(earliest, labels, loaded)
    candidates = np.flatnonzero(loaded == earliest[labels]).astype(np.int32)
    first = np.full(len(labels), len(labels), np.int32)
    np.minimum.at(first, labels[candidates], candidates)
    return first


def bridges(
    pairs: list[tuple[int, int]], persons: Ints, edges: tuple[Ints, Ints, Ints]
) -> list[int]:
    """For each pair of persons that merged, the kind of evidence that first joins them.

    Kinds are added from the most believed down, so the answer is the weakest link of the strongest
    path. `persons`: per record its prior person, or -1; `edges`: (first, second, kind). -1 where
    nothing joins them.
    """
    if not pairs:
        return []
    first, second, kind = edges
    home = _contracted(persons)
    known, at = np.unique(persons, return_index=True)
    left, right = (home[at[np.searchsorted(known, side)]] for side in np.array(pairs).T)
    found = np.full(len(pairs), -1, np.int32)
    labels = home
    for level in np.unique(kind):
        chosen = kind == level
        joined = components(len(labels), labels[first[chosen]], labels[second[chosen]])
        labels = joined[labels]
        fresh = (found < 0) & (labels[left] == labels[right])
        found[fresh] = level
    answer: list[int] = found.tolist()
    return answer


def _contracted(persons: Ints) -> Ints:
    """Label each record with the first record of its prior person, or with itself."""
    labels = np.arange(len(persons), dtype=np.int32)
    known = np.flatnonzero(persons >= 0)
    _, first, inverse = np.unique(persons[known], return_index=True, return_inverse=True)
    labels[known] = known[first][inverse]
    return labels
