"""`onefold attribution holdouts`: what is loaded, rejected, refused, and left as it was."""

import json
import subprocess
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from attribution.errors import HoldoutsRefused
from attribution.holdouts import load
from warehouse.connection import connect

Load = Callable[..., dict[str, Any]]

NOW, LATER = datetime(2026, 6, 30, 12), datetime(2026, 7, 1)
SECRET = "ann.secret@example.org"
HEADER = "experiment,channel,starts_on,ends_on,source,record_type,record_id,person_id,arm"
SPRING = "spring,email,2026-03-01,2026-03-31"
PEOPLE = {"p_a": "live", "p_b": "live", "p_c": "live", "p_old": "merged", "p_gone": "gone"}
RECORDS = {
    ("salesforce", "lead", "L1"): "p_a",
    ("hubspot", "contact", "H1"): "p_a",
    ("hubspot", "contact", "H2"): "p_b",
    ("web_events", "visitor", SECRET): "p_c",
}


@pytest.fixture
def load_rows(home: Path, warehouse_with: Callable[..., None]) -> Load:
    """load_rows(line, …): loads a file of these lines under the header."""
    names = ("source", "record_type", "record_id")
    warehouse_with({
        "identity.identifiers": ("id_type varchar", []),
        "identity.person_records": (
            "source varchar, record_type varchar, record_id varchar, person_id varchar",
            [dict(zip(names, record, strict=True)) | {"person_id": person}
             for record, person in RECORDS.items()],
        ),
        "identity.aliases": (
            "alias_id varchar, person_id varchar", [{"alias_id": "p_old", "person_id": "p_a"}]
        ),
        "state.people": (
            "person_id varchar, status varchar",
            [{"person_id": person, "status": status} for person, status in PEOPLE.items()],
        ),
        "rules.channels": ("channel varchar", [{"channel": "email"}, {"channel": "display"}]),
    })  # fmt: skip

    def run(*lines: str, header: str = HEADER, now: datetime = NOW, **more: Any) -> dict[str, Any]:
        with connect("test") as con:
            return load(con, [f"{line}\n" for line in (header, *lines)], now, **more)

    return run


def stored() -> list[tuple[Any, ...]]:
    """Everything in the table."""
    with connect("test") as con:
        return con.execute("from state.holdout_assignments order by all").fetchall()


def test_records_become_people_of_today(load_rows: Load) -> None:
    found = load_rows(
        f"{SPRING},salesforce,lead,L1,,treatment",
        f"{SPRING},hubspot,contact,H1,,treatment",
        "",
        f"{SPRING},hubspot,contact,H2,p_b,holdout",
        f"{SPRING},,,,p_c,holdout",
    )
    assert found == {
        "rows_in": 4, "rows_loaded": 4, "rows_rejected": 0, "rejected": {}, "new": 3,
        "people": {"treatment": 1, "holdout": 2}, "in_both_arms": 0, "dry_run": False,
    }  # fmt: skip
    window = (datetime(2026, 3, 1), datetime(2026, 4, 1))  # the last day is in it
    assert stored() == [
        ("spring", "email", person, arm, *window, NOW)
        for person, arm in (("p_a", "treatment"), ("p_b", "holdout"), ("p_c", "holdout"))
    ]


def test_the_same_file_twice_changes_nothing(load_rows: Load) -> None:
    lines = (f"{SPRING},,,,p_old,treatment", f"{SPRING},hubspot,contact,H2,,holdout")
    first = load_rows(*lines)
    before = stored()
    assert first["new"] == len(before) == 2
    assert load_rows(*lines, now=LATER) == {**first, "new": 0}
    assert stored() == before


def test_an_experiment_may_run_in_several_periods(load_rows: Load) -> None:
    may = "spring,email,2026-05-01,2026-05-31"
    lines = [f"{period},,,,{person},{arm}" for period in (may, SPRING)
             for person, arm in (("p_a", "treatment"), ("p_b", "holdout"))]  # fmt: skip
    found = load_rows(*lines)
    assert (found["new"], found["people"]) == (4, {"treatment": 1, "holdout": 1})
    assert load_rows(*lines, now=LATER) == {**found, "new": 0}
    assert [(row[2], row[4], row[5]) for row in stored()] == [
        (person, datetime(2026, month, 1), datetime(2026, month + 1, 1))
        for person in ("p_a", "p_b") for month in (3, 5)
    ]  # fmt: skip
    more = load_rows(f"{SPRING},,,,p_c,holdout", f"{may},,,,p_c,holdout", now=LATER)
    assert (more["new"], more["people"]) == (2, {"treatment": 1, "holdout": 2})
    for period in (may, SPRING):
        with pytest.raises(HoldoutsRefused, match=r"line 2: expected the periods .* already have"):
            load_rows(f"{period},,,,p_c,holdout")


def test_a_dry_run_counts_and_writes_nothing(load_rows: Load) -> None:
    found = load_rows(f"{SPRING},,,,p_a,holdout", dry_run=True)
    assert (found["new"], found["people"]["holdout"], found["dry_run"]) == (1, 1, True)
    with connect("test") as con:
        assert not con.execute(
            "from information_schema.tables where table_name = 'holdout_assignments'"
        ).fetchall()


def test_rows_in_are_those_loaded_and_those_rejected(load_rows: Load) -> None:
    found = load_rows(
        f"{SPRING},,,,p_a,holdout",
        f"{SPRING},salesforce,lead,L9,,holdout",
        f"{SPRING},salesforce,,L1,,holdout",
        f"{SPRING},,,,p_nobody,holdout",
        f"{SPRING},,,,p_gone,holdout",
        f"{SPRING},hubspot,contact,H2,p_c,holdout",
        f"{SPRING},holdout",
    )
    assert found["rejected"] == {
        "names neither a record nor a person": 1,
        "not as many fields as the header": 1,
        "person without records": 1,
        "record and person are not the same": 1,
        "unknown person": 1,
        "unknown record": 1,
    }
    assert (found["rows_in"], found["rows_loaded"], found["rows_rejected"]) == (7, 1, 6)
    assert len(stored()) == 1


def test_a_person_of_two_arms_is_left_out_and_counted(load_rows: Load) -> None:
    """Two records that were two people when the arms were drawn; here and across files."""
    found = load_rows(
        f"{SPRING},salesforce,lead,L1,,treatment",
        f"{SPRING},hubspot,contact,H1,,holdout",
        f"{SPRING},hubspot,contact,H2,,holdout",
    )
    assert found["people"] == {"treatment": 0, "holdout": 1}
    assert (found["in_both_arms"], found["new"]) == (1, 3)
    later = load_rows(f"{SPRING},web_events,visitor,{SECRET},,treatment")
    assert later["people"] == {"treatment": 1, "holdout": 1}
    assert later["in_both_arms"] == 1


REFUSED = {
    "two arms of a record": [
        f"{SPRING},web_events,visitor,{SECRET},,holdout",
        f"{SPRING},web_events,visitor,{SECRET},,treatment",
    ],
    "two arms of a person": [f"{SPRING},,,,p_a,holdout", f"{SPRING},,,,p_a,treatment"],
    "two windows": [
        f"{SPRING},,,,p_a,holdout",
        "spring,email,2026-03-01,2026-03-30,,,,p_b,holdout",
    ],
    "an overlap of a day": [
        "may,email,2026-04-30,2026-05-31,,,,p_a,holdout",
        "may,email,2026-04-01,2026-04-30,,,,p_a,holdout",
    ],
    "somebody in one of two periods": [
        "may,email,2026-05-01,2026-05-31,,,,p_a,holdout",
        "may,email,2026-04-01,2026-04-30,,,,p_a,holdout",
        "may,email,2026-05-01,2026-05-31,,,,p_b,holdout",
    ],
    "two arms in two periods": [
        "may,email,2026-05-01,2026-05-31,,,,p_a,holdout",
        "may,email,2026-04-01,2026-04-30,,,,p_a,treatment",
    ],
    "an unknown arm": [f"{SPRING},,,,p_a,{SECRET}"],
    "no date": [f"spring,email,{SECRET},2026-03-31,,,,p_a,holdout"],
    "ends before it starts": ["spring,email,2026-03-02,2026-03-01,,,,p_a,holdout"],
    "an unknown channel": [f"spring,{SECRET},2026-03-01,2026-03-31,,,,p_a,holdout"],
    "no experiment": [",email,2026-03-01,2026-03-31,,,,p_a,holdout"],
    "a broken quote": [f'"{SECRET}"x,email,2026-03-01,2026-03-31,,,,p_a,holdout'],
    "nothing": [],
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_contradicts_itself_is_refused_as_a_whole(name: str, load_rows: Load) -> None:
    load_rows("winter,display,2026-01-01,2026-01-31,,,,p_c,holdout")
    before = stored()
    with pytest.raises(HoldoutsRefused, match="expected") as refusal:
        load_rows(*[f"{SPRING},hubspot,contact,H2,,holdout"][: len(REFUSED[name])], *REFUSED[name])
    assert SECRET not in str(refusal.value)
    assert stored() == before


@pytest.mark.parametrize(
    "line", ["spring,email,2026-03-01,2026-04-30,,,,p_b,holdout", f"{SPRING},,,,p_a,treatment"]
)
def test_a_file_that_contradicts_an_earlier_one_is_refused(line: str, load_rows: Load) -> None:
    load_rows(f"{SPRING},,,,p_a,holdout")
    before = stored()
    with pytest.raises(HoldoutsRefused, match=r"line 2: expected .* already ha"):
        load_rows(line)
    assert stored() == before


@pytest.mark.parametrize(
    "header",
    [
        "experiment,channel,starts_on,ends_on,person_id",
        "experiment,channel,starts_on,ends_on,arm,source,record_id",
        f"{HEADER},arm",
        "",
    ],
)
def test_a_header_without_the_columns_is_refused(header: str, load_rows: Load) -> None:
    with pytest.raises(HoldoutsRefused, match="expected the columns"):
        load_rows(f"{SPRING},,,,p_a,holdout", header=header)


def test_the_command_prints_counts_and_exits_2_on_a_refusal(
    load_rows: Load,
    home: Path,
    tmp_path: Path,
    run_onefold: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    file = tmp_path / "holdouts.csv"
    file.write_text(f"\ufeff{HEADER}\n{SPRING},,,,p_a,holdout\n{SPRING},,,,{SECRET},holdout\n")
    said = run_onefold(["attribution", "holdouts", str(file), "--dry-run"], home)
    assert said.returncode == 0, said.stderr
    assert "1 loaded, 1 rejected" in said.stdout
    assert "nothing was written" in said.stdout
    done = run_onefold(["attribution", "holdouts", str(file), "--json"], home)
    assert json.loads(done.stdout)["new"] == len(stored()) == 1
    file.write_bytes(f"{HEADER}\n{SPRING},,,,p_a,holdout\n\xff".encode("latin-1"))
    refused = run_onefold(["attribution", "holdouts", str(file)], home)
    missing = run_onefold(["attribution", "holdouts", str(tmp_path / "none.csv")], home)
    assert (refused.returncode, missing.returncode) == (2, 2)
    assert "expected UTF-8 text" in refused.stderr
    assert "none.csv" in missing.stderr
    assert SECRET not in said.stdout + done.stdout + refused.stderr
