"""Splits and merges by hand: obeyed by every later run, reported where they contradict, undone."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import duckdb
import pytest

from identity.errors import IdentityError, PersonNotFound
from identity.explain import explain
from identity.overrides import Maker, listed, merge, split, undo
from identity.step import decide
from identity.what_if import set_rule, what_if
from tests.identity.conftest import Row, put_evidence

MAKER = Maker("ops", "two people at one desk", datetime(2026, 1, 9))
ROWS: list[Row] = [
    (1, "r1", {"user_id": "u1", "email": "desk@a.test"}),
    (1, "r2", {"email": "desk@a.test", "phone": "+1"}),
    (1, "r3", {"phone": "+1"}),
    (1, "r4", {"user_id": "u4"}),
    (1, "r5", {"email": "other@a.test"}),
]


class World:
    """Evidence, runs and lookups behind one connection."""

    def __init__(self) -> None:
        self.con = duckdb.connect(config={"threads": 1})
        self.runs = 0

    def run(self, rows: list[Row], *, full: bool = False) -> Any:
        put_evidence(self.con, rows)
        self.runs += 1
        found = decide(self.con, f"2026-01-{self.runs:02d} 00:00:00", f"run-{self.runs}", full=full)
        self.con.execute(
            "create or replace table identity.identifiers as select id_type, id_value, "
            "min(person_id) as person_id from identity.int_identity__links "
            "inner join state.person_records using (record_hash) group by all"
        )
        return found

    def people(self) -> dict[str, str]:
        rows = self.con.execute("select record_id, person_id from state.person_records").fetchall()
        return dict(rows)

    def everything(self) -> list[Any]:
        tables = ("people", "person_records", "former_person_records", "merge_events", "edges",
                  "aliases", "refused_merges", "identity_runs", "identity_overrides")  # fmt: skip
        return [self.con.execute(f"from state.{t} order by all").fetchall() for t in tables]


@pytest.fixture
def world() -> Iterator[World]:
    found = World()
    yield found
    found.con.close()


def test_a_split_survives_every_later_run_and_is_undone(world: World) -> None:
    world.run(ROWS)
    before = world.people()
    assert before["r1"] == before["r2"] == before["r3"]
    number = split(world.con, before["r1"], ["user_id:u1"], MAKER)
    assert world.run(ROWS).split == 1
    parted = world.people()
    assert parted["r1"] != parted["r2"] == parted["r3"] == before["r1"]
    later: list[Row] = [*ROWS, (2, "r6", {"email": "desk@a.test"})]
    world.run(later, full=True)
    assert {**parted, "r6": world.people()["r6"]} == world.people()
    assert world.people()["r6"] in (parted["r1"], parted["r2"])
    refused = world.con.execute("select limit_id_type from state.refused_merges").fetchall()
    assert refused == [(f"split {number}",)]
    undo(world.con, number, MAKER)
    assert world.run(later).merged == 1
    assert len({world.people()[r] for r in ("r1", "r2", "r3", "r6")}) == 1


def test_a_merge_survives_every_later_run_and_the_oldest_wins(world: World) -> None:
    world.run(ROWS)
    before = world.people()
    merge(world.con, before["r5"], "user_id:u4", MAKER)
    assert world.run(ROWS).merged == 1
    assert world.people()["r4"] == world.people()["r5"]
    event = world.con.execute("select rule from state.merge_events where event = 'merged'")
    assert event.fetchall() == [("merged by hand",)]
    joined = world.people()
    world.run([*ROWS, (3, "r7", {"email": "other@a.test"})])
    assert world.people() == {**joined, "r7": joined["r5"]}
    (row,) = listed(world.con)
    assert (row["action"], row["made_by"], row["kept"], row["other"]) == (
        "merge", "ops", [joined["r4"]], [joined["r4"]])  # fmt: skip


def test_a_merge_by_hand_goes_over_a_limit_and_a_split_over_a_merge(world: World) -> None:
    world.run(ROWS)
    merge(world.con, "user_id:u1", "user_id:u4", MAKER)
    world.run(ROWS)
    assert world.people()["r1"] == world.people()["r4"]
    split(world.con, world.people()["r1"], ["user_id:u4"], MAKER)
    world.run(ROWS)
    assert world.people()["r1"] != world.people()["r4"]
    refused = world.con.execute("select id_type, limit_id_type from state.refused_merges")
    assert refused.fetchall() == [("override", "split 2")]


def test_what_cannot_be_overridden_says_so(world: World) -> None:
    world.run(ROWS)
    person = world.people()["r1"]
    with pytest.raises(IdentityError, match=r"got p_\w+ twice"):
        merge(world.con, person, "email:desk@a.test", MAKER)
    with pytest.raises(IdentityError, match="expected some of the 3 records"):
        split(world.con, person, [person], MAKER)
    with pytest.raises(IdentityError, match="got an identifier of p_"):
        split(world.con, person, ["user_id:u4"], MAKER)
    with pytest.raises(IdentityError, match="override 7 to stand, but there is none"):
        undo(world.con, 7, MAKER)
    assert listed(world.con) == []


def test_what_if_tells_the_blast_radius_and_changes_nothing(world: World) -> None:
    world.run([*ROWS, (1, "r6", {"email": "second@a.test", "phone": "+1"})])
    before, people = world.everything(), world.people()
    con = world.con
    con.execute("create schema segments")
    con.execute("create table segments.customers as select unnest($1) as person_id",
                [[people["r1"], people["r5"]]])  # fmt: skip
    radius = what_if(
        con, "2026-01-02", lambda: split(con, people["r1"], ["user_id:u1"], MAKER)
    )  # fmt: skip
    assert (radius["records"], radius["people_before"], radius["people_after"]) == (1, 3, 4)
    assert [event["event"] for event in radius["events"]] == ["split"]
    assert radius["affected_people"] == 2
    assert radius["segments"] == {"customers": 1}
    radius = what_if(con, "2026-01-02", set_rule(con, "email", "max_per_person", "1"))
    assert (radius["people_after"], radius["records"]) == (4, 1)
    assert [r["limit_id_type"] for r in radius["refused_merges"]] == ["email"]
    with pytest.raises(IdentityError, match="expected one of max_per_person"):
        set_rule(con, "email", "max_names_per_value", "3")
    assert world.everything() == before


@pytest.mark.parametrize("full", [False, True])
def test_overrides_touch_only_their_own_people(world: World, full: bool) -> None:
    others: list[Row] = [(1, f"s{n}", {"user_id": f"s{n}"}) for n in range(9)]
    world.run([*ROWS, *others])
    split(world.con, world.people()["r1"], ["user_id:u1"], MAKER)
    assert world.run([*ROWS, *others], full=full).resolved == (14 if full else 3)


def test_an_earlier_run_is_explained_as_it_decided(world: World) -> None:
    world.run(ROWS)
    apart: list[Row] = [ROWS[0], (2, "r2", {"email": "new@a.test", "phone": "+1"}), *ROWS[2:]]
    world.run(apart)
    world.con.execute(
        "create or replace table identity.int_identity__record_people as select *, record_index "
        "from state.person_records inner join identity.int_identity__records "
        "using (source, record_type, record_id)"
    )
    then = explain(world.con, "user_id:u1", "email:desk@a.test", as_of_run="1")
    assert then["same_person"]
    then = explain(world.con, "user_id:u1", "phone:+1", as_of_run="run-1")
    assert [step["id_value"] for step in then["steps"]] == ["desk@a.test", "desk@a.test"]
    now = explain(world.con, "user_id:u1", "phone:+1")
    assert not now["same_person"]
    assert explain(world.con, "user_id:u1", "phone:+1", as_of_run="2") == now
    with pytest.raises(IdentityError, match="expected the number or id of a run"):
        explain(world.con, "user_id:u1", as_of_run="9")
    with pytest.raises(PersonNotFound, match="got 0"):
        explain(world.con, "email:new@a.test", as_of_run="1")


def test_an_override_is_a_step_of_the_explanation(world: World) -> None:
    world.run(ROWS)
    merge(world.con, "user_id:u4", "email:other@a.test", MAKER)
    world.run(ROWS)
    world.con.execute(
        "create or replace table identity.int_identity__record_people as select *, record_index "
        "from state.person_records inner join identity.int_identity__records "
        "using (source, record_type, record_id)"
    )
    why = explain(world.con, "user_id:u4", "email:other@a.test")
    assert [(step["rule"], step["record_id"]) for step in why["steps"]] == [
        ("merged by hand", "r4"), ("merged by hand", "r5")]  # fmt: skip
