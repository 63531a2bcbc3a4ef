"""Stories of people over several runs: ids last, changes are written down once."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from identity import state
from identity.errors import IdentityError, PersonNotFound
from identity.lookup import person_id
from identity.step import IdentitySummary, resolve
from warehouse.connection import connect

Row = tuple[int, str, dict[str, str]]
Write = Callable[[list[Row]], None]
TABLES = ("people", "person_records", "aliases", "merge_events", "refused_merges", "host_domains")

ANN = (1, "r2", {"email": "ann@a.test"})
BOB = (1, "r3", {"phone": "+14155552671"})
BRIDGE = (2, "r9", {"email": "ann@a.test", "phone": "+14155552671"})


def run(number: int) -> IdentitySummary:
    return resolve(f"2026-01-{number:02d} 00:00:00", f"run-{number}")


def people() -> dict[str, str]:
    with connect("test") as con:
        rows = con.execute("select record_id, person_id from state.person_records").fetchall()
    return dict(rows)


def events() -> list[tuple[Any, ...]]:
    with connect("test") as con:
        return con.execute(
            "select event, person_id, other_person_id, rule from state.merge_events "
            "order by event_number"
        ).fetchall()


def everything() -> list[Any]:
    with connect("test") as con:
        return [con.execute(f"select * from state.{t} order by all").fetchall() for t in TABLES]


def today(person: str) -> str:
    with connect("test") as con:
        return state.canonical(con, person)


def minted(record: str) -> str:
    key = "\x1f".join(("hubspot", "contact", record))
    return "p_" + hashlib.sha256(key.encode()).hexdigest()[:16]


def test_ids_come_from_the_first_record_in_load_order(evidence_of: Write) -> None:
    evidence_of([(2, "r1", {"email": "ann@a.test"}), ANN, BOB])
    assert run(1).people == 2
    assert people() == {"r1": minted("r2"), "r2": minted("r2"), "r3": minted("r3")}


def test_a_second_run_writes_nothing(evidence_of: Write) -> None:
    evidence_of([ANN, BOB, BRIDGE])
    run(1)
    before = everything()
    summary = run(2)
    assert everything() == before
    assert (summary.changed, summary.created, summary.merged, summary.split) == (0, 0, 0, 0)


def test_a_merge_keeps_the_oldest_and_a_removed_bridge_gives_both_back(evidence_of: Write) -> None:
    evidence_of([ANN, BOB])
    run(1)
    ann, bob = people()["r2"], people()["r3"]
    evidence_of([ANN, BOB, BRIDGE])
    assert run(2).merged == 1
    assert set(people().values()) == {ann}
    assert today(bob) == ann
    assert events()[-1] == ("merged", ann, bob, "same phone")
    evidence_of([ANN, BOB])
    assert run(3).split == 1
    assert people() == {"r2": ann, "r3": bob}
    assert today(bob) == bob
    assert events()[-1] == ("split", ann, bob, "evidence no longer joins them")


def test_on_a_split_the_larger_part_keeps_the_id_and_no_id_is_given_twice(
    evidence_of: Write,
) -> None:
    shared = {"email": "ann@a.test"}
    rows: list[Row] = [(1, "r1", {**shared, "phone": "+14155552671"}), (1, "r2", shared)]
    rows.append((1, "r3", shared))
    evidence_of(rows)
    run(1)
    (person,) = set(people().values())
    assert person == minted("r1")
    evidence_of([(1, "r1", {"phone": "+14155552671"}), *rows[1:]])
    assert run(2).split == 1
    assert people()["r2"] == people()["r3"] == person
    assert people()["r1"] not in (person, "")


def test_a_refused_merge_is_listed_with_its_limit(evidence_of: Write) -> None:
    evidence_of(
        [
            (1, "r1", {"user_id": "u1", "email": "ann@a.test"}),
            (1, "r2", {"user_id": "u2", "email": "ann@a.test"}),
        ]
    )
    assert (run(1).people, run(2).refused) == (2, 1)
    with connect("test") as con:
        refused = con.execute(
            "select id_type, id_value, record_id, other_record_id, limit_id_type, limit_value, "
            "would_be, run_id from state.refused_merges"
        ).fetchall()
    assert refused == [("email", "ann@a.test", "r2", "r1", "user_id", 1, 2, "run-1")]


def test_a_person_whose_records_are_gone_ends(evidence_of: Write) -> None:
    evidence_of([ANN, BOB])
    run(1)
    ann = people()["r2"]
    evidence_of([BOB])
    assert run(2).erased == 1
    assert events()[-1][:2] == ("erased", ann)
    assert "r2" not in people()
    with connect("test") as con, pytest.raises(PersonNotFound):
        person_id(con, ann)


def test_missing_evidence_does_not_end_everybody(evidence_of: Write) -> None:
    evidence_of([ANN])
    run(1)
    evidence_of([])
    with pytest.raises(IdentityError, match="expected evidence"):
        run(2)
    assert people() == {"r2": minted("r2")}


def test_replaying_the_same_loads_gives_the_same_state(
    evidence_of: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story: list[list[Row]] = [[ANN, BOB], [ANN, BOB, BRIDGE], [BOB, BRIDGE], [ANN, BOB]]
    seen = []
    for attempt, backwards in enumerate((False, True)):
        monkeypatch.setenv("ONEFOLD_HOME", str(tmp_path / str(attempt)))
        for number, rows in enumerate(story, start=1):
            evidence_of(rows[::-1] if backwards else rows)
            run(number)
        seen.append(everything())
    assert seen[0] == seen[1]
    assert len(seen[0][3]) > 3


def test_hosts_get_their_company_domain_once(evidence_of: Write) -> None:
    evidence_of([(1, "r1", {"email": "ann@mail.firm.co.uk"})])
    run(1)
    evidence_of([(1, "r1", {"email": "ann@other.test"})])
    run(2)
    assert everything()[-1] == [("other.test", "other.test")]
