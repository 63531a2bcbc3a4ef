"""Components against networkx, limits against their own law, both in any arrival order."""

from collections import defaultdict
from random import Random

import networkx
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from identity.limits import breach
from identity.resolve import Evidence, Partition, components, partition

# (record, kind, value): record r holds the value v of kind k.
Holding = tuple[int, int, int]
holdings = st.lists(
    st.tuples(st.integers(0, 14), st.integers(1, 3), st.integers(0, 7)), max_size=45, unique=True
)
LIMITS = {1: 1, 2: 2}


def evidence(records: int, held: list[Holding]) -> Evidence:
    """Star edges as the dbt models build them; a value is (kind, value), numbered in order."""
    stars: dict[tuple[int, int], list[int]] = defaultdict(list)
    for record, kind, value in held:
        stars[kind, value].append(record)
    values = sorted(stars)
    edges = [
        (min(stars[key]), record, number)
        for number, key in enumerate(values)
        for record in stars[key]
        if record != min(stars[key])
    ]
    links = [(record, values.index((kind, value))) for record, kind, value in held]
    first, second, edge_value = np.array(edges, np.int32).reshape(-1, 3).T
    link_record, link_value = np.array(links, np.int32).reshape(-1, 2).T
    return Evidence(
        records=records,
        first=first,
        second=second,
        edge_value=edge_value,
        link_record=link_record,
        link_value=link_value,
        value_first=np.array([min(stars[key]) for key in values], np.int32),
        value_kind=np.array([kind for kind, _ in values], np.int32),
        value_counts=np.ones(len(values), np.bool_),
    )


def groups(found: Partition) -> set[frozenset[int]]:
    members: dict[int, set[int]] = defaultdict(set)
    for record, label in enumerate(found.labels.tolist()):
        members[label].add(record)
    return {frozenset(group) for group in members.values()}


def test_no_records() -> None:
    assert partition(evidence(0, []), LIMITS).labels.tolist() == []


@given(holdings)
def test_without_limits_people_are_the_components_of_the_graph(held: list[Holding]) -> None:
    graph = networkx.Graph()
    graph.add_nodes_from(("record", record) for record in range(15))
    graph.add_edges_from((("record", r), ("value", kind, value)) for r, kind, value in held)
    expected = {
        frozenset(node[1] for node in part if node[0] == "record")
        for part in networkx.connected_components(graph)
    }
    assert groups(partition(evidence(15, held), {})) == expected


def test_a_long_chain_is_one_component_and_takes_its_smallest_record() -> None:
    order = np.random.default_rng(7).permutation(20_000).astype(np.int32)
    assert set(components(20_000, order[:-1], order[1:]).tolist()) == {0}


def test_the_same_value_of_two_kinds_joins_nothing() -> None:
    assert groups(partition(evidence(2, [(0, 1, 42), (1, 2, 42)]), {})) == {
        frozenset({0}),
        frozenset({1}),
    }


@settings(deadline=None)
@given(holdings)
def test_limits_are_kept_unless_one_record_alone_breaks_them(held: list[Holding]) -> None:
    found = partition(evidence(15, held), LIMITS)
    alone: dict[tuple[int, int], set[int]] = defaultdict(set)
    for record, kind, value in held:
        alone[record, kind].add(value)
    for group in groups(found):
        for kind, limit in LIMITS.items():
            together = set().union(*(alone[record, kind] for record in group))
            most = max(len(alone[record, kind]) for record in group)
            assert len(together) <= max(limit, most)


@settings(deadline=None)
@given(holdings)
def test_a_value_is_only_parted_by_a_refusal(held: list[Holding]) -> None:
    given_evidence = evidence(15, held)
    found = partition(given_evidence, LIMITS)
    refused = {refusal.value for refusal in found.refused}
    for first, second, value in zip(
        given_evidence.first, given_evidence.second, given_evidence.edge_value, strict=True
    ):
        assert found.labels[first] == found.labels[second] or int(value) in refused
    for refusal in found.refused:
        assert found.labels[refusal.record] != found.labels[refusal.other]
        assert refusal.would_be > refusal.limit == LIMITS[refusal.kind]


@settings(deadline=None)
@given(holdings, st.randoms(use_true_random=False))
def test_the_partition_does_not_depend_on_arrival(held: list[Holding], random: Random) -> None:
    shuffled = list(held)
    random.shuffle(shuffled)
    expected = partition(evidence(15, held), LIMITS)
    found = partition(evidence(15, shuffled), LIMITS)
    assert found.labels.tolist() == expected.labels.tolist()
    assert found.refused == expected.refused


def test_the_weaker_kind_gives_way() -> None:
    # Records 0 and 1 hold different values of kind 1 (limit 1) and share one of kind 3.
    found = partition(evidence(3, [(0, 1, 0), (1, 1, 1), (0, 3, 5), (1, 3, 5), (2, 3, 5)]), LIMITS)
    assert groups(found) == {frozenset({0, 2}), frozenset({1})}
    (refusal,) = found.refused
    assert (refusal.record, refusal.other, refusal.kind, refusal.limit, refusal.would_be) == (
        1,
        0,
        1,
        1,
        2,
    )


def test_a_shared_value_does_not_count_towards_a_limit() -> None:
    held = [(0, 1, 0), (1, 1, 1), (0, 3, 5), (1, 3, 5)]
    counted = evidence(2, held)
    counted.value_counts[:2] = False
    assert groups(partition(counted, LIMITS)) == {frozenset({0, 1})}


def test_a_group_over_its_limit_still_takes_what_brings_nothing_new() -> None:
    assert breach({1: {1, 2}}, {1: {2}}, {1: 1}) is None
    assert breach({1: {1, 2}}, {1: {3}}, {1: 1}) == (1, 1, 3)
