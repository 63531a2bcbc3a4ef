"""Graphs that break identity resolution elsewhere, through the whole step."""

from collections.abc import Callable, Iterator
from typing import Any

import duckdb
import pytest

from identity.step import IdentitySummary, decide
from tests.identity.conftest import Row, put_evidence, put_query

Covered = Callable[[str], None]


class World:
    """Evidence and runs behind one connection, without limits unless asked for."""

    def __init__(self) -> None:
        self.con = duckdb.connect(config={"threads": 2})
        self.runs = 0

    def run(self, rows: list[Row] | str, *, limits: bool = False) -> IdentitySummary:
        if isinstance(rows, str):
            put_query(self.con, rows)
        else:
            put_evidence(self.con, rows)
        if not limits:
            self.con.execute("update rules.identity_id_types set max_per_person = null")
        self.runs += 1
        return decide(self.con, f"2026-01-{self.runs:02d} 00:00:00", f"run-{self.runs}")

    def people(self) -> dict[str, str]:
        return dict(self.query("select record_id, person_id from state.person_records"))

    def query(self, sql: str) -> list[Any]:
        return self.con.execute(sql).fetchall()

    def today(self, person: str) -> str:
        aliases = dict(self.query("select alias_id, person_id from state.aliases"))
        while person in aliases:
            person = aliases[person]
        return person


@pytest.fixture
def world() -> Iterator[World]:
    found = World()
    yield found
    found.con.close()


CHAIN = """
select 1 as load, 'r' || lpad(n::varchar, 6, '0') as record_id, 'email' as id_type,
    'x' || lpad((n + side)::varchar, 6, '0') as id_value
from range(100000) numbers (n), unnest([0, 1]) as sides (side)
"""


def test_a_sorted_chain_of_100_000_is_one_person(world: World, covered: Covered) -> None:
    found = world.run(CHAIN)
    assert (found.people, found.records) == (1, 100_000)
    covered(f"{found.records:,} records, {found.people} person")


def test_a_chain_under_limits_is_cut_and_every_cut_is_listed(
    world: World, covered: Covered
) -> None:
    found = world.run(CHAIN, limits=True)
    ((most,),) = world.query(
        "select max(held) from (select count(distinct id_value) as held from state.person_records "
        "inner join identity.int_identity__links using (record_hash) group by person_id)"
    )
    cuts = world.query("select count(*), count(distinct id_value) from state.refused_merges")
    assert most == 6
    assert cuts == [(found.people - 1, found.people - 1)]
    covered(f"at most {most} addresses a person, limit 6")


def test_a_giant_star_is_one_person_or_one_each_under_a_limit(
    world: World, covered: Covered
) -> None:
    star = "select 1 as load, 'r' || n as record_id, 'phone' as id_type, '+1' as id_value from "
    star += "range(50000) numbers (n)"
    users = star.replace("'phone'", "'user_id'").replace("'+1'", "'u' || n")
    together = world.run(f"{star} union all {users}").people
    apart = world.run(f"{star} union all {users}", limits=True)
    assert (together, apart.people, apart.split) == (1, 50_000, 49_999)
    assert world.query("select count(*) from state.refused_merges") == [(49_999,)]
    covered(f"{together} person without limits, {apart.people:,} with")


def test_cascading_merges_lead_to_the_last_winner(world: World, covered: Covered) -> None:
    rows: list[Row] = [(n, f"r{n}", {"email": f"x{n}@a.test"}) for n in (1, 2, 3)]
    world.run(rows)
    first = world.people()
    for load, (a, b) in ((4, (3, 2)), (5, (2, 1))):
        phone = f"+{load}"
        rows.append((load, f"s{load}", {"email": f"x{a}@a.test", "phone": phone}))
        rows.append((load, f"t{load}", {"email": f"x{b}@a.test", "phone": phone}))
        assert world.run(rows).merged == 1
    assert set(world.people().values()) == {first["r1"]}
    assert {world.today(person) for person in first.values()} == {first["r1"]}
    covered(f"{len(first)} ids, all lead to the first")


def test_one_value_of_two_types_joins_nobody(world: World, covered: Covered) -> None:
    found = world.run([(1, "r1", {"user_id": "42"}), (1, "r2", {"loyalty_id": "42"})])
    assert found.people == 2
    covered(f"{found.people} people")


def test_a_smaller_key_that_comes_later_changes_no_id(world: World, covered: Covered) -> None:
    rows: list[Row] = [(1, "r5", {"email": "a@a.test"}), (1, "r6", {"email": "a@a.test"})]
    world.run(rows)
    before = world.people()
    found = world.run([*rows, (2, "a0", {"email": "a@a.test"})])
    assert world.people() == {**before, "a0": before["r5"]}
    assert (found.created, found.merged) == (0, 0)
    covered(f"{found.created + found.merged} ids changed")


def test_a_removed_bridge_gives_both_people_back(world: World, covered: Covered) -> None:
    rows: list[Row] = [(1, "r1", {"email": "a@a.test"}), (1, "r2", {"phone": "+1"})]
    world.run(rows)
    before = world.people()
    assert world.run([*rows, (2, "b", {"email": "a@a.test", "phone": "+1"})]).merged == 1
    found = world.run(rows)
    assert found.split == 1
    assert world.people() == before
    assert all(world.today(person) == person for person in before.values())
    covered(f"{found.people} people under their former ids")
