"""Accounts, suggestions, buying groups and households: beside people, never merging them."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import networkx
import pytest

Covered = Callable[[str], None]


def test_a_lead_finds_its_account_by_crm_id_and_by_verified_domain(
    world: Any, covered: Covered
) -> None:
    found = {
        key: world.query(
            "select account_id, account_match_rule, account_confidence::float "
            "from marts.dim_people where person_id = ?", world.person(key)
        )[0]
        for key in ("C1", "L5", "L6", "L7", "L8")
    }  # fmt: skip
    assert found["C1"] == (world.account("A1"), "contact", pytest.approx(0.99))
    assert found["L5"] == (world.account("A2"), "converted_lead", pytest.approx(0.95))
    assert found["L6"] == (world.account("A2"), "verified_domain", pytest.approx(0.9))
    assert found["L7"][1:] == ("company_domain", pytest.approx(0.8))
    assert found["L8"] == (None, None, None)
    covered(f"{sum(row[0] is not None for row in found.values())} of {len(found)} placed")


def test_a_contractor_at_two_companies_stays_one_person_with_both(
    world: Any, covered: Covered
) -> None:
    assert world.person("C3") == world.person("C4")
    rows = world.query(
        "select account_id, match_rule, record_id, account_rank from marts.person_accounts "
        "where person_id = ? order by account_rank", world.person("C3")
    )  # fmt: skip
    assert rows[:2] == [
        (world.account("A2"), "contact", "C4", 1),
        (world.account("A1"), "contact", "C3", 2),
    ]
    assert [row[1:] for row in rows[2:]] == [("company_domain", None, 3)]
    chosen = world.query(
        "select account_id from marts.dim_people where person_id = ?", world.person("C3")
    )
    assert chosen == [(world.account("A2"),)]
    covered(f"1 person, {len(rows)} accounts")


def test_parents_are_followed_and_a_circle_is_cut(world: Any, covered: Covered) -> None:
    ids = {world.account(key): key for key in world.parents}
    rows = world.query("select account_id, parent_account_id, cut_parent_account_id, "
                 "ultimate_parent_account_id, hierarchy_depth from marts.dim_accounts")  # fmt: skip
    found = {ids[row[0]]: [ids.get(key) for key in row[1:4]] for row in rows if row[0] in ids}
    depths = {ids[row[0]]: row[4] for row in rows if row[0] in ids}
    graph = networkx.DiGraph(pair for pair in world.parents.items() if pair[1])
    (circle,) = networkx.simple_cycles(graph)
    head = min(circle, key=world.account)
    graph.remove_edge(head, next(iter(graph[head])))
    for key, (parent, cut, ultimate) in found.items():
        above = networkx.descendants(graph, key) if key in graph else set()
        assert depths[key] == len(above)
        assert [parent] == (list(graph[key]) if above else [None])
        assert ultimate == (head if above else key)
        assert (cut is not None) == (key == head)
    covered(f"{max(depths.values())} steps, {sum(bool(row[1]) for row in found.values())} cut")


def _similarity(one: str, other: str) -> float:
    """Mean of Jaro-Winkler and the share of letters that need no edit, from the definitions."""
    window = max(len(one), len(other)) // 2 - 1
    taken: set[int] = set()
    mine = []
    for i, letter in enumerate(one):
        for j in range(max(0, i - window), min(len(other), i + window + 1)):
            if j not in taken and other[j] == letter:
                taken.add(j)
                mine.append(letter)
                break
    m = len(mine)
    swaps = sum(a != other[j] for a, j in zip(mine, sorted(taken), strict=True)) / 2
    jaro = (m / len(one) + m / len(other) + (m - swaps) / m) / 3
    prefix = next((i for i in range(4) if one[i] != other[i]), 4)
    winkler = jaro + prefix * 0.1 * (1 - jaro)
    edits = [[max(i, j) if not i * j else 0 for j in range(len(other) + 1)]
             for i in range(len(one) + 1)]  # fmt: skip
    for i in range(1, len(one) + 1):
        for j in range(1, len(other) + 1):
            edits[i][j] = min(
                edits[i - 1][j] + 1, edits[i][j - 1] + 1,
                edits[i - 1][j - 1] + (one[i - 1] != other[j - 1]),
                *([edits[i - 2][j - 2] + 1] if i > 1 and j > 1
                  and one[i - 1] == other[j - 2] and one[i - 2] == other[j - 1] else []),
            )  # fmt: skip
    return (winkler + 1 - edits[-1][-1] / max(len(one), len(other))) / 2


def test_a_similar_company_name_is_a_scored_suggestion_only(world: Any, covered: Covered) -> None:
    rows = world.query(
        "select person_id, account_id, score, rule, runner_up_account_id, runner_up_score "
        "from marts.account_suggestions"
    )
    found = {world.record(row[0]): row[1:] for row in rows}
    score = pytest.approx(_similarity("oak timbre", "oak timber"), abs=1e-4)
    media, medial = (_similarity("birch medias", name) for name in ("birch media", "birch medial"))
    assert found == {
        "L8": (world.account("A1"), score, "fuzzy_company_name", None, None),
        "L10": (world.account("A1"), 1.0, "fuzzy_company_name", None, None),
        "L11": (world.account("A2"), pytest.approx(media, abs=1e-4), "fuzzy_company_name",
                world.account("A6"), pytest.approx(medial, abs=1e-4)),
    }  # fmt: skip
    people = world.query(
        "select count(*), count(account_id) from marts.dim_people "
        "where person_id in (select person_id from marts.account_suggestions)"
    )
    assert people == [(len(found), 0)]
    covered(f"{len(found)} suggested, {people[0][1]} joined")


def test_buying_groups_per_opportunity(world: Any, covered: Covered) -> None:
    rows = world.query(
        "select person_id, salesforce_opportunity_id, account_id, basis, role, is_primary, "
        "touch_count, last_engaged_at::date::varchar from marts.buying_groups"
    )
    found = {world.record(row[0]): row[1:] for row in rows}
    oak = world.account("A1")
    assert found == {
        "C1": ("O1", oak, "contact_role", "Decision Maker", True, 1, "2026-02-15"),
        "C3": ("O1", oak, "contact_role", "Influencer", False, 0, None),
        "C7": ("O1", oak, "account_engaged", None, False, 2, "2026-05-10"),
    }
    covered(f"{len(rows)} people of 1 opportunity")


def _households(world: Any) -> set[frozenset[str]]:
    groups = defaultdict(set)
    for household, member in world.query(
        "select household_id, person_id from marts.household_members"
    ):
        groups[household].add(world.record(member))
    return set(map(frozenset, groups.values()))


def test_households_are_over_people_and_never_merge_them(world: Any, covered: Covered) -> None:
    people = "select * from identity.person_records order by all"
    before = world.query(people)
    expected = {frozenset({"L20", "L21"}), frozenset({"L22", "L23", "L25"})}
    assert _households(world) == expected
    reasons = world.query(
        "select reason from marts.household_members where person_id = ?", world.person("L23")
    )
    assert reasons == [("phone, postal_address",)]
    named = world.query(
        "select count(*) from marts.household_members as m join state.people as p "
        "on m.oldest_person_id = p.person_id and p.minted_at <= "
        "(select min(o.minted_at) from state.people as o where o.person_id = m.person_id)"
    )
    assert named == [(5,)]
    # Without the row for addresses two people leave, and everybody stays who they are.
    world.query("delete from rules.household_rules where evidence = 'postal_address'")
    world.build("path:models/marts/households")
    assert _households(world) == {frozenset({"L20", "L21"}), frozenset({"L23", "L25"})}
    assert world.query(people) == before
    world.build("household_rules path:models/marts/households", "build")
    assert _households(world) == expected
    covered(f"{len(expected)} households, {sum(map(len, expected))} people")


def test_an_agency_inbox_an_office_and_a_role_make_no_household(
    world: Any, covered: Covered
) -> None:
    rows = world.query("select person_id, excluded_because from marts.int_households__keys "
                 "where excluded_because is not null")  # fmt: skip
    found = defaultdict(set)
    for member, reason in rows:
        found[reason].add(world.record(member))
    assert found == {
        "too many family names": {"L30", "L31", "L32", "L33"},
        "business": {"L40", "L41", "L50", "L51", "L60", "L61", "L80", "L81"},
        "people of one account": {"C7", "C8"},
        "too few of the name": {"L24"},
    }
    covered(f"{len(rows)} people kept apart for {len(found)} reasons")
