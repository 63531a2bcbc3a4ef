"""Average linkage against a slow loop that follows its definition, and what it must never do."""

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from identity.linkage.clusters import Clusters, Limit, average_linkage
from identity.resolve import components

CUT, MISSING = 0.0, -8.0


def _cluster(nodes: int, pairs: list[tuple[int, int, float]], **more: object) -> Clusters:
    first, second, weight = (
        (list(column) for column in zip(*pairs, strict=True))
        if pairs
        else (
            [],
            [],
            [],
        )
    )
    return average_linkage(
        nodes,
        np.array(first, np.int64),
        np.array(second, np.int64),
        np.array(weight, np.float64),
        cut=CUT,
        missing=MISSING,
        **more,  # type: ignore[arg-type]
    )


def _by_definition(
    nodes: int, pairs: list[tuple[int, int, float]], groups: list[int], held: list[int], most: int
) -> list[int]:
    """Every mean worked out anew from all pairs of nodes, at every step."""
    weights = {frozenset((a, b)): w for a, b, w in pairs}
    clusters = [[i for i in range(nodes) if groups[i] == group] for group in sorted(set(groups))]
    while True:
        best: tuple[float, int, int, list[int], list[int]] | None = None
        for x in clusters:
            for y in clusters:
                if x[0] >= y[0]:
                    continue
                values = {held[i] for i in x + y if held[i] >= 0}
                both = [len({held[i] for i in z if held[i] >= 0}) for z in (x, y)]
                if len(values) > most and len(values) > max(both):
                    continue
                between = [weights.get(frozenset((a, b)), MISSING) for a in x for b in y]
                entry = (-sum(between) / len(between), x[0], y[0], x, y)
                if -entry[0] >= CUT and (best is None or entry[:3] < best[:3]):
                    best = entry
        if best is None:
            break
        clusters = [c for c in clusters if c is not best[3] and c is not best[4]]
        clusters.append(sorted(best[3] + best[4]))
    labels = [0] * nodes
    for cluster in clusters:
        for node in cluster:
            labels[node] = cluster[0]
    return labels


@st.composite
def _cases(draw: st.DrawFn) -> tuple[int, list[tuple[int, int, float]], list[int], list[int]]:
    nodes = draw(st.integers(2, 9))
    every = [(a, b) for a in range(nodes) for b in range(a)]
    chosen = draw(st.lists(st.sampled_from(every), unique=True, max_size=25))
    # No two sums alike, so that the order of ties is not what is compared here.
    steps = draw(st.permutations(range(len(chosen))))
    signs = draw(st.lists(st.integers(-7, 9), min_size=len(chosen), max_size=len(chosen)))
    pairs = [(a, b, s + 2.0 ** -(k + 4)) for (a, b), s, k in zip(chosen, signs, steps, strict=True)]
    groups = draw(st.lists(st.integers(0, nodes + 5), min_size=nodes, max_size=nodes))
    held = draw(st.lists(st.integers(-2, 3), min_size=nodes, max_size=nodes))
    return nodes, pairs, groups, held


@settings(max_examples=300, deadline=None)
@given(_cases())
def test_it_is_what_the_definition_says(
    case: tuple[int, list[tuple[int, int, float]], list[int], list[int]],
) -> None:
    nodes, pairs, groups, held = case
    known = [i for i in range(nodes) if held[i] >= 0]
    limit = Limit("id", np.array(known, np.int64), np.array(held, np.int64)[known], 1)
    found = _cluster(nodes, pairs, groups=np.array(groups), limits=[limit])
    assert found.labels.tolist() == _by_definition(nodes, pairs, groups, held, 1)


@settings(max_examples=100, deadline=None)
@given(_cases(), st.randoms(use_true_random=False))
def test_the_order_of_pairs_and_of_their_ends_changes_nothing(
    case: tuple[int, list[tuple[int, int, float]], list[int], list[int]], random: object
) -> None:
    nodes, pairs, groups, held = case
    tied = [(a, b, float(round(w))) for a, b, w in pairs]
    turned = [(b, a, w) if a % 2 else (a, b, w) for a, b, w in tied]
    random.shuffle(turned)  # type: ignore[attr-defined]
    limit = Limit("id", np.arange(nodes), np.array(held), 2)
    same = {"groups": np.array(groups), "limits": [limit]}
    assert _cluster(nodes, tied, **same).labels.tolist() == (
        _cluster(nodes, turned, **same).labels.tolist()
    )


def test_a_chain_that_components_would_collapse_stays_in_pieces() -> None:
    nodes = 5_000
    chain = [(i, i + 1, 6.0) for i in range(nodes - 1)]
    ends = np.array([(a, b) for a, b, _ in chain], np.int32)
    assert set(components(nodes, ends[:, 0], ends[:, 1])) == {0}
    labels = _cluster(nodes, chain).labels
    assert np.bincount(labels).max() == 2


def test_exact_joins_come_first_and_stay() -> None:
    found = _cluster(4, [(0, 2, 5.0), (1, 3, 5.0)], groups=np.array([7, 7, 3, 3]))
    # Two of the four pairs between the groups were scored: (5 + 5 - 8 - 8) / 4 < 0.
    assert found.labels.tolist() == [0, 0, 2, 2]
    found = _cluster(4, [(0, 2, 9.0), (1, 3, 9.0)], groups=np.array([7, 7, 3, 3]))
    assert found.labels.tolist() == [0, 0, 0, 0]
    assert found.joins == [0.5]


def test_a_limit_refuses_and_says_which() -> None:
    limit = Limit("national_id", np.array([0, 1]), np.array([10, 11]), 1)
    found = _cluster(3, [(0, 1, 9.0), (0, 2, 8.0), (1, 2, 7.0)], limits=[limit])
    assert found.labels.tolist() == [0, 1, 0]
    (refused,) = found.refused
    assert (refused.a, refused.b, refused.limit, refused.most, refused.would_be) == (
        0,
        1,
        "national_id",
        1,
        2,
    )


def test_a_missing_weight_above_the_cut_is_an_error() -> None:
    with pytest.raises(ValueError, match="below the cut"):
        average_linkage(1, np.empty(0), np.empty(0), np.empty(0), cut=0.0, missing=0.0)


@pytest.mark.parametrize("shape", ["random", "star", "clique"])
def test_a_giant_component_costs_no_square(shape: str) -> None:
    pairs, rng = 100_000, np.random.default_rng(4)
    if shape == "star":
        first, second = np.zeros(pairs, np.int64), np.arange(1, pairs + 1)
    elif shape == "clique":
        first, second = np.triu_indices(447, 1)
    else:
        first = rng.integers(0, 30_000, pairs)
        second = (first + rng.integers(1, 40, pairs)) % 30_000
    started = time.process_time()
    found = average_linkage(
        int(max(first.max(), second.max())) + 1,
        first,
        second,
        rng.uniform(1, 12, len(first)),
        cut=0.0,
        missing=-8.0,
    )
    assert time.process_time() - started < 20
    assert len(set(found.labels.tolist())) == len(found.labels) - len(found.joins)
    largest = np.bincount(found.labels).max()
    assert (largest == len(found.labels)) == (shape == "clique")
    assert shape != "star" or largest <= 3
