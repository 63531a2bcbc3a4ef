"""Components against networkx, limits against their own law, both in any arrival order."""

from collections import defaultdict
from dataclasses import dataclass, replace
from random import Random

import networkx
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from identity.limits import UNDATED, Limit, breach, join_within_limits
from identity.resolve import Graph, Part, Partition, Sides, components, partition

# (record, kind, value): record r holds the value v of kind k.
Holding = tuple[int, int, int]
holdings = st.lists(
    st.tuples(st.integers(0, 14), st.integers(1, 3), st.integers(0, 7)), max_size=45, unique=True
)
LIMITS = {1: Limit(1), 2: Limit(2)}
NO_SIDES = Sides(*(np.empty(0, np.int32) for _ in range(3)))


@dataclass
class Whole:
    """All the evidence: what labelling needs of it, and the links that `partition` may ask for."""

    graph: Graph
    part: Part

    def detail(self, records: NDArray[np.int32]) -> Part:
        """The links among some records, numbered anew."""
        kept = np.isin(self.part.link_record, records)
        return replace(
            self.part,
            records=len(records),
            link_record=np.searchsorted(records, self.part.link_record[kept]).astype(np.int32),
            link_value=self.part.link_value[kept],
            link_seen=self.part.link_seen[kept],
        )


def whole(records: int, held: list[Holding], seen: dict[Holding, int] | None = None) -> Whole:
    """A value is (kind, value), numbered in order; star edges from its smallest record."""
    stars: dict[tuple[int, int], list[int]] = defaultdict(list)
    for record, kind, value in held:
        stars[kind, value].append(record)
    values = sorted(stars)
    number = {key: i for i, key in enumerate(values)}
    edges = [(min(stars[key]), r) for key in values for r in stars[key] if r != min(stars[key])]
    links = [(record, number[kind, value]) for record, kind, value in held]
    first, second = np.array(edges, np.int32).reshape(-1, 2).T
    link_record, link_value = np.array(links, np.int32).reshape(-1, 2).T
    kinds = np.array([kind for kind, _ in values], np.int32)
    counts = np.ones(len(values), np.bool_)
    smallest = np.array([min(stars[key]) for key in values], np.int32)
    times = np.array([(seen or {}).get(link, UNDATED) for link in held], np.int64)
    return Whole(
        Graph(records, first, second, smallest, kinds, counts, NO_SIDES),
        Part(records, link_record, link_value, times, kinds, counts, NO_SIDES),
    )


def people(given: Whole, limits: dict[int, Limit]) -> Partition:
    return partition(given.graph, limits, given.detail)


def groups(found: Partition) -> set[frozenset[int]]:
    members: dict[int, set[int]] = defaultdict(set)
    for record, label in enumerate(found.labels.tolist()):
        members[label].add(record)
    return {frozenset(group) for group in members.values()}


def test_no_records() -> None:
    assert people(whole(0, []), LIMITS).labels.tolist() == []


@given(holdings)
def test_without_limits_people_are_the_components_of_the_graph(held: list[Holding]) -> None:
    graph = networkx.Graph()
    graph.add_nodes_from(("record", record) for record in range(15))
    graph.add_edges_from((("record", r), ("value", kind, value)) for r, kind, value in held)
    expected = {
        frozenset(node[1] for node in part if node[0] == "record")
        for part in networkx.connected_components(graph)
    }
    assert groups(people(whole(15, held), {})) == expected


def test_a_long_chain_is_one_component_and_takes_its_smallest_record() -> None:
    order = np.random.default_rng(7).permutation(20_000).astype(np.int32)
    assert set(components(20_000, order[:-1], order[1:]).tolist()) == {0}


def test_the_same_value_of_two_kinds_joins_nothing() -> None:
    assert groups(people(whole(2, [(0, 1, 42), (1, 2, 42)]), {})) == {
        frozenset({0}),
        frozenset({1}),
    }


@settings(deadline=None)
@given(holdings)
def test_limits_are_kept_unless_one_record_alone_breaks_them(held: list[Holding]) -> None:
    found = people(whole(15, held), LIMITS)
    alone: dict[tuple[int, int], set[int]] = defaultdict(set)
    for record, kind, value in held:
        alone[record, kind].add(value)
    for group in groups(found):
        for kind, limit in LIMITS.items():
            together = set().union(*(alone[record, kind] for record in group))
            most = max(len(alone[record, kind]) for record in group)
            assert len(together) <= max(limit.most, most)


@settings(deadline=None)
@given(holdings)
def test_a_value_is_only_parted_by_a_refusal(held: list[Holding]) -> None:
    given_evidence = whole(15, held)
    found = people(given_evidence, LIMITS)
    refused = {refusal.value for refusal in found.refused}
    part = given_evidence.part
    for value in set(part.link_value.tolist()) - refused:
        assert len(set(found.labels[part.link_record[part.link_value == value]].tolist())) == 1
    for refusal in found.refused:
        assert found.labels[refusal.record] != found.labels[refusal.other]
        assert refusal.would_be > refusal.limit == LIMITS[refusal.kind].most


@settings(deadline=None)
@given(holdings, st.randoms(use_true_random=False))
def test_the_partition_does_not_depend_on_arrival(held: list[Holding], random: Random) -> None:
    shuffled = list(held)
    random.shuffle(shuffled)
    expected = people(whole(15, held), LIMITS)
    found = people(whole(15, shuffled), LIMITS)
    assert found.labels.tolist() == expected.labels.tolist()
    assert found.refused == expected.refused


def test_the_weaker_kind_gives_way() -> None:
    # Records 0 and 1 hold different values of kind 1 (limit 1) and share one of kind 3.
    found = people(whole(3, [(0, 1, 0), (1, 1, 1), (0, 3, 5), (1, 3, 5), (2, 3, 5)]), LIMITS)
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
    counted = whole(2, held)
    counted.graph.value_counts[:2] = counted.part.value_counts[:2] = False
    assert groups(people(counted, LIMITS)) == {frozenset({0, 1})}


def test_a_group_over_its_limit_still_takes_what_brings_nothing_new() -> None:
    assert breach({1: {1: 0, 2: 0}}, {1: {2: 0}}, LIMITS) is None
    assert breach({1: {1: 0, 2: 0}}, {1: {3: 0}}, LIMITS) == (1, 1, 3)


DAY = 86_400


@given(st.lists(st.integers(0, 60) | st.none(), max_size=12), st.integers(1, 4), st.integers(1, 30))
def test_a_window_counts_as_many_as_any_day_of_it_sees(
    days: list[int | None], most: int, width: int
) -> None:
    times = [UNDATED if day is None else day * DAY for day in days]
    dated = [day for day in days if day is not None]
    fullest = max((sum(day <= d < day + width for d in dated) for day in dated), default=0)
    expected = fullest + days.count(None)
    found = Limit(most, width * DAY).count(times)
    assert (found > most) == (expected > most)
    assert found == (expected if len(days) > most else len(days))


def test_values_in_different_windows_may_exceed_what_one_window_holds() -> None:
    held = [(0, 2, v) for v in range(2)] + [(1, 2, v) for v in range(2, 4)]
    held += [(0, 3, 9), (1, 3, 9)]
    seen = {link: link[2] * 10 * DAY for link in held}
    yearly, monthly = {2: Limit(2, 365 * DAY)}, {2: Limit(2, 15 * DAY)}
    assert len(groups(people(whole(2, held, seen), yearly))) == 2
    assert len(groups(people(whole(2, held, seen), monthly))) == 1


def test_a_value_that_nobody_may_share_costs_its_records_not_their_square() -> None:
    count = 20_000
    held = [(record, 1, record) for record in range(count)]
    held += [(record, 3, 0) for record in range(count)]
    found = people(whole(count, held), LIMITS)
    assert len(groups(found)) == count
    assert len(found.refused) == count - 1


def test_labels_are_the_smallest_record_after_joins_one_at_a_time() -> None:
    labels = np.array([0, 1, 2, 3], np.int32)
    join_within_limits(labels, [(0, [2, 3]), (1, [1, 3])], {}, LIMITS, [])
    assert labels.tolist() == [0, 1, 1, 1]
