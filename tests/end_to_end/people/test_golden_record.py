"""Golden record: which value of which record survives, and what the consents of one person say."""

import csv
import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from identity.overrides import Maker, split, undo
from identity.step import resolve
from warehouse.connection import connect
from warehouse.settings import settings

Covered = Callable[[str], None]


def golden(world: Any, record: str) -> dict[str, tuple[str, str, str]]:
    """{attribute: (value, record, rule)} of the record's person."""
    sql = "select attribute, value, record_id, rule from marts.dim_people_lineage where person_id=?"
    return {row[0]: row[1:] for row in world.query(sql, world.person(record))}


def test_survivorship_by_trust_recency_and_completeness_is_rows(
    world: Any, covered: Covered
) -> None:
    assert {world.person(key) for key in ("C1", "L1", "H1", "F4")} == {world.person("C1")}
    found = golden(world, "C1")
    complete, trust = "most_complete, trust {}, newest record", "trust, trust {}, newest record"
    expected = {
        "first_name": ("Joanna", "H1", complete.format(2)),  # the contact's is an initial
        "last_name": ("Ash", "C1", complete.format(1)),
        "email": ("joanna@oak.example", "C1", trust.format(1)),
        "title": ("CEO", "C1", trust.format(1)),
        "company_name": ("Oak Timber GmbH", "C1", trust.format(1)),
        "street": ("5 Elm Street", "L1", complete.format(3)),  # whole: London is not Elm Street's
        "city": ("Leeds", "L1", complete.format(3)),
        "postcode": ("LS1 1AA", "L1", complete.format(3)),
        "country": ("Germany", "C1", trust.format(1)),
        "loyalty_id": ("LY-1", "H1", "trust, trust 1, oldest record"),
    }
    assert found == expected
    lost = world.query(
        "select attribute, attribute_value, record_id, lost_because "
        "from marts.dim_people_candidates where person_id = ? and attribute in "
        "('first_name', 'city', 'title') and lost_because is not null order by all",
        world.person("C1"),
    )  # fmt: skip
    assert lost == [
        ("city", "London", "C1", "not the most complete"),
        ("first_name", "J.", "C1", "not the most complete"),
        ("first_name", "Joana", "L1", "less trusted"),
        ("first_name", "Joanna", "F4", "same value"),
        ("title", "Owner", "L1", "less trusted"),
    ]
    covered(f"{len(found)} attributes of {len({row[1] for row in found.values()})} records")


STRATEGIES = {
    "first_name": ("newest", "J."),
    "title": ("oldest", "Owner"),
    "company_name": ("oldest", "Oak Timber GmbH"),  # the account is older than the lead's change
    "city": ("trust", "London"),
}


def test_another_row_lets_another_value_survive(world: Any, covered: Covered) -> None:
    before = world.query("select * from rules.identity_attributes")
    try:
        for attribute, (strategy, _) in STRATEGIES.items():
            world.query(
                "update rules.identity_attributes set strategy = ?, survives_with = attribute "
                "where attribute = ?", strategy, attribute
            )  # fmt: skip
        _rebuild(world)
        changed = golden(world, "C1")
        world.query("update rules.identity_attributes set strategy = 'most_frequent' "
              "where attribute = 'first_name'")  # fmt: skip
        _rebuild(world)
        frequent = golden(world, "C1")
    finally:
        world.query("delete from rules.identity_attributes")
        for row in before:
            world.query("insert into rules.identity_attributes values (?, ?, ?, ?, ?)", *row)
        _rebuild(world)
    assert {name: changed[name][0] for name in STRATEGIES} == {
        name: value for name, (_, value) in STRATEGIES.items()
    }
    assert frequent["first_name"][0] == "Joanna"  # two records of four
    covered(f"{len(STRATEGIES) + 1} rows changed")


def _rebuild(world: Any) -> None:
    world.build(
        "int_people__values int_people__ranked_values dim_people_candidates dim_people_lineage"
    )


def _cells(line: str, name: str) -> list[str]:
    """What a physical line of an export holds."""
    if name.endswith(".csv"):
        return next(csv.reader([line]))
    return [cell for cell in json.dumps(json.loads(line), ensure_ascii=False).split('"') if cell]


def _says(cells: list[str], attribute: str, value: str) -> bool:
    if attribute == "email":
        return value in {cell.strip().lower() for cell in cells}
    if attribute == "phone":
        return any(_digits(cell).endswith(value[-7:]) for cell in cells)
    return value in {cell.strip() for cell in cells}


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def _unfounded(rows: list[tuple[Any, ...]], landing: Path) -> list[tuple[Any, ...]]:
    """Rows of (attribute, value, file, line) whose line of the file does not say the value."""
    lines: dict[str, list[str]] = {}
    wrong = []
    for attribute, value, file, line in rows:
        if file not in lines:
            lines[file] = (landing / file).read_text("utf-8-sig").splitlines()
        if not _says(_cells(lines[file][line - 1], file), attribute, value):
            wrong.append((attribute, file, line))
    return wrong


LINEAGE = "select attribute, value, _file, _line from marts.dim_people_lineage"
PEOPLE_VALUES = """
select person_id, attribute, value from (
    select person_id, first_name, last_name, email, phone, title, company_name, street, city,
        postcode, country, loyalty_id from marts.dim_people
) unpivot (value for attribute in (columns(* exclude (person_id))))
"""


def test_every_value_of_dim_people_has_its_source_row_and_time(
    world: Any, sample_run: Any, covered: Covered
) -> None:
    assert not _unfounded(world.query(LINEAGE), settings().landing)
    wrong_times = world.query(
        "select count(*) filter (where observed_at is null), count(*) filter "
        "(where record_id = 'C1' and attribute = 'title' and observed_at != '2026-05-01') "
        "from marts.dim_people_lineage"
    )
    assert wrong_times == [(0, 0)]
    with duckdb.connect(str(sample_run.home / "warehouse.duckdb"), read_only=True) as con:
        rows = con.execute(LINEAGE).fetchall()
        missing = con.execute(
            f"({PEOPLE_VALUES}) except "
            "(select person_id, attribute, value from marts.dim_people_lineage)"
        ).fetchall()
    assert len(rows) > 5000
    assert not missing
    unfounded = _unfounded(rows, settings().exports)
    assert not unfounded
    files = {file for _, _, file, _ in rows}
    covered(f"{len(unfounded)} values of the sample without their line, of {len(files)} files")


def test_the_most_restrictive_consent_survives_and_a_split_gives_each_part_its_own(
    world: Any, covered: Covered
) -> None:
    status = "select status from marts.dim_person_consents where person_id = ? order by purpose"
    merged = world.person("C2")
    assert world.person("L2") == merged
    assert world.query(status, merged) == [("withdrawn",)]
    maker = Maker("tests", "two people after all", datetime(2026, 6, 30))
    with connect("test") as con:
        number = split(con, merged, ["salesforce:L2"], maker)
    _resolve(world, "run-2")
    parts = [world.person(key) for key in ("C2", "L2")]
    apart = [world.query(status, key) for key in parts]
    with connect("test") as con:
        undo(con, number, maker)
    _resolve(world, "run-3")
    assert len(set(parts)) == 2
    assert apart == [[("granted",)], [("withdrawn",)]]
    assert world.person("C2") == world.person("L2") == merged
    assert world.query(status, merged) == [("withdrawn",)]
    covered("withdrawn; apart granted and withdrawn")


def _resolve(world: Any, run_id: str) -> None:
    resolve(world.as_of, run_id)
    world.build("int_identity__record_people person_records identifiers path:models/marts/consent")
