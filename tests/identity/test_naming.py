"""Ids last: the oldest wins a merge, the larger part keeps a split."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from identity.limits import Ints
from identity.naming import Longs, bridges, first_loaded, name


def ints(*values: int) -> Ints:
    return np.array(values, np.int32)


def longs(*values: int) -> Longs:
    return np.array(values, np.int64)


def test_nobody_known_yet() -> None:
    found = name(ints(0, 0, 2), ints(-1, -1, -1), longs(0, 1, 2), ints())
    assert found.owner.tolist() == [-1, -1, -1]
    assert (found.merged, found.moved) == ([], [])


def test_on_a_merge_the_oldest_wins() -> None:
    found = name(ints(0, 0, 0), ints(0, 0, 1), longs(0, 1, 2), person_rank=ints(2, 1))
    assert found.owner.tolist() == [1, 1, 1]
    assert found.merged == [(0, 1)]


def test_on_a_split_most_prior_records_keep_it() -> None:
    found = name(ints(0, 1, 1, 3), ints(0, 0, 0, -1), longs(0, 1, 2, 3), ints(1))
    assert found.owner.tolist() == [-1, 0, 0, -1]
    assert found.moved == [(0, 0)]


def test_an_even_split_stays_with_the_record_loaded_first() -> None:
    found = name(ints(0, 1), ints(0, 0), loaded=longs(5, 3), person_rank=ints(1))
    assert found.owner.tolist() == [-1, 0]


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 4)), min_size=1, max_size=20))
def test_the_first_loaded_of_a_label_is_its_earliest_then_smallest(
    rows: list[tuple[int, int]],
) -> None:
    labels = ints(*([raw for raw, _ in rows].index(raw) for raw, _ in rows))
    found = first_loaded(labels, longs(*(place for _, place in rows)))
    for label in set(labels.tolist()):
        members = [(rows[r][1], r) for r in range(len(rows)) if labels[r] == label]
        assert found[label] == min(members)[1]


@given(st.data())
def test_every_person_is_kept_once_or_merged_once(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 12))
    raw = data.draw(st.lists(st.integers(0, 3), min_size=size, max_size=size))
    labels = ints(*(raw.index(part) for part in raw))
    prior = ints(*data.draw(st.lists(st.integers(-1, 3), min_size=size, max_size=size)))
    rank = longs(*data.draw(st.permutations(range(size))))
    person_rank = ints(*data.draw(st.permutations(range(4))))
    found = name(labels, prior, rank, person_rank)
    living = set(prior.tolist()) - {-1}
    kept = set(found.owner.tolist()) - {-1}
    losers = [loser for loser, _ in found.merged]
    assert kept.isdisjoint(losers)
    assert sorted([*kept, *losers]) == sorted(living)
    for label in set(labels.tolist()):
        assert len(set(found.owner[labels == label].tolist())) == 1
    for loser, winner in found.merged:
        assert person_rank[winner] < person_rank[loser]


def test_the_bridge_is_the_weakest_link_of_the_strongest_path() -> None:
    # Persons 0 and 1 meet over kind 6 directly, and over kinds 3 and 7 through record 2.
    edges = (ints(0, 0, 1), ints(1, 2, 2), ints(6, 3, 7))
    assert bridges([(1, 0)], ints(0, 1, -1), edges) == [6]
    assert bridges([], ints(0, 1, -1), edges) == []
