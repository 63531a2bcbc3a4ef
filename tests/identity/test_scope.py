"""Bringing links of a value together, against a dictionary."""

from collections import defaultdict

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from identity.scope import by_value, edges

# Small numbers share all their top bits, random ones none, and those beside each other some.
hashes = st.one_of(
    st.integers(0, 9),
    st.integers(0, 2**64 - 1),
    st.builds(lambda top, low: (top << 61) + low, st.integers(0, 7), st.integers(0, 3)),
)


@given(st.lists(hashes, max_size=60))
def test_links_of_a_value_come_together(value_hash: list[int]) -> None:
    """Each stretch holds exactly the links of one value."""
    expected = defaultdict(set)
    for link, value in enumerate(value_hash):
        expected[value].add(link)
    order, starts = by_value(np.array(value_hash, np.uint64))
    ends = [*starts.tolist(), len(value_hash)][1:]
    found = [order[a:b].tolist() for a, b in zip(starts.tolist(), ends, strict=True)]
    assert len(found) == len(expected)
    assert {value_hash[links[0]]: set(links) for links in found} == expected


def test_values_alike_in_their_top_bits_are_kept_apart() -> None:
    """Two values take turns link by link, and only their last bits tell them apart."""
    value_hash = np.full(100_000, 2**63, np.uint64)
    value_hash[::2] += np.uint64(1)
    order, starts = by_value(value_hash)
    assert starts.tolist() == [0, 50_000]
    assert set(value_hash[order[:50_000]].tolist()) == {2**63}


def test_edges_tie_the_records_of_a_value() -> None:
    """From each record to the next, none across values."""
    first, second = edges(np.array([4, 7, 9, 1, 2], np.int32), np.array([0, 3]))
    assert list(zip(first.tolist(), second.tolist(), strict=True)) == [(4, 7), (7, 9), (1, 2)]
