"""Lasting ids: which person a component is, and what changed. Pure functions over arrays."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int32]


@dataclass(frozen=True)
class Naming:
    """Who the components are, in terms of the persons known before.

    `owner`: per record, the index of the person known before who now owns it, or -1 where its
    component needs a new id; shape (records,). `merged`: (loser, winner) persons. `moved`: (person,
    label) where a person's records left it, the part that stayed being larger.
    """

    owner: Ints
    merged: list[tuple[int, int]]
    moved: list[tuple[int, int]]


def name(labels: Ints, prior: Ints, record_rank: Ints, person_rank: Ints) -> Naming:
    """Give each component the oldest of the persons that claim it.

    A person claims the component that holds most of its prior records; a tie goes to the component
    with the earliest record. `prior`: per record the person it belonged to, or -1. `record_rank`:
    per record its place in load order. `person_rank`: per person its place in order of minting;
    the smallest is the oldest.
    """
    known = prior >= 0
    owner_of_label = np.full(len(labels), -1, np.int32)
    if not known.any():
        return Naming(owner_of_label, [], [])
    pairs, counts = np.unique(np.stack([prior[known], labels[known]]), axis=1, return_counts=True)
    person, label = pairs
    earliest = np.full(len(labels), np.iinfo(np.int32).max, np.int32)
    np.minimum.at(earliest, labels, record_rank)
    order = np.lexsort((earliest[label], -counts, person))
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
    return Naming(owner_of_label[labels], merged, moved)


def bridges(
    pairs: list[tuple[int, int]],
    persons: Ints,
    edges: tuple[Ints, Ints, Ints],
) -> list[int]:
    """For each pair of persons that merged, the kind of evidence that first joins them.

    Kinds are added from the most believed down, so the answer is the weakest link of the strongest
    path. `persons`: per record its prior person, or -1; `edges`: (first, second, kind). 0 where
    nothing joins them.
    """
    from identity.resolve import components

    if not pairs:
        return []
    first, second, kind = edges
    home = _contracted(persons)
    known, at = np.unique(persons, return_index=True)
    left, right = (home[at[np.searchsorted(known, side)]] for side in np.array(pairs).T)
    found = np.zeros(len(pairs), np.int32)
    labels = home
    for level in np.unique(kind):
        chosen = kind == level
        joined = components(len(labels), labels[first[chosen]], labels[second[chosen]])
        labels = joined[labels]
        fresh = (found == 0) & (labels[left] == labels[right])
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
