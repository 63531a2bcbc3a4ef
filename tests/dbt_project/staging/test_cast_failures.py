"""Type drift: every text that staging cannot read is counted, with a line to look at."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from ingestion.landing import ingest_landing
from ingestion.sources import find_table, read_tables
from warehouse.connection import connect
from warehouse.dbt import build
from warehouse.settings import PROJECT_ROOT, settings

Counts = dict[tuple[str, str], tuple[int, int, int | None]]


def _write(file: str, source: str, table: str, rows: Sequence[Mapping[str, str]]) -> None:
    """A CSV export with every required column; line 2 is the first row."""
    declared = find_table(read_tables(), source, table)
    names = [c.name for c in declared.columns if not c.from_header]
    target = io.StringIO()
    writer = csv.DictWriter(target, names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path = settings().landing / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(target.getvalue(), encoding="utf-8")


@pytest.fixture(scope="module")
def counts(module_home: Path) -> Counts:
    """(object, column) -> (texts, failed, first line), of the loads of all files together."""
    amounts = ["100.00", "1.234,56", "", "12 USD", "0"]
    _write(
        "salesforce/Opportunity.csv", "salesforce", "opportunities",
        [{"Id": f"006{n}", "Amount": a, "IsWon": "true", "CloseDate": "2026-02-30",
          "CreatedDate": "2026-01-01T00:00:00.000Z", "SystemModstamp": "yesterday"}
         for n, a in enumerate(amounts)],
    )  # fmt: skip
    _write(
        "hubspot/email_events.csv", "hubspot", "email_events",
        [{"id": "1", "created": "1427997766000", "type": "OPEN"},
         {"id": "2", "created": "2026-01-01T00:00:00Z", "type": "OPEN"}],
    )  # fmt: skip
    _write(
        "marketo/activities.csv", "marketo", "activities",
        [{"marketoGUID": "1", "leadId": "7", "activityDate": "2026-01-01T00:00:00Z",
          "activityTypeId": "32", "attributes": '{"Merge IDs": "8", "Merged in Sales": "perhaps"}'},
         {"marketoGUID": "2", "leadId": "null", "activityDate": "null",
          "activityTypeId": "click", "attributes": "{broken"}],
    )  # fmt: skip
    lines = [
        '{"objectTypeId": "0-1", "recordId": "1", "recordListMemberships": [{"listId": "1", '
        '"firstAddedTimestamp": "soon", "lastAddedTimestamp": "2026-01-01T00:00:00Z"}]}',
        '{"objectTypeId": "0-1", "recordId": "2", "recordListMemberships": "none"}',
        '{"objectTypeId": "0-1", "recordId": "3", "recordListMemberships": []}',
    ]
    (settings().landing / "hubspot" / "list_memberships.jsonl").write_text("\n".join(lines) + "\n")
    assert not ingest_landing().refused
    build("stg_marketo__activities cast_failures")
    with connect("test", read_only=True) as con:
        rows = con.execute(
            "select object, column_name, row_count, failed_count, example_line, is_newest_load "
            "from quality.cast_failures"
        ).fetchall()
    assert all(row[-1] or row[0].startswith("stg_") for row in rows)
    return {(row[0], row[1]): row[2:5] for row in rows}


def test_what_cannot_be_read_is_counted_with_its_first_line(counts: Counts) -> None:
    found = {key: value for key, value in counts.items() if value[1]}
    assert found == {
        ("opportunities", "Amount"): (4, 2, 3),
        ("opportunities", "CloseDate"): (5, 5, 2),
        ("opportunities", "SystemModstamp"): (5, 5, 2),
        ("email_events", "created"): (2, 1, 3),
        ("activities", "activityTypeId"): (2, 1, 3),
        ("activities", "attributes"): (2, 1, 3),
        ("stg_marketo__activities", "attributes"): (1, 1, 2),
        ("list_memberships", "memberships"): (3, 2, 1),
    }


def test_what_the_vendor_writes_for_nothing_is_no_failure(counts: Counts) -> None:
    assert counts["activities", "activityDate"] == (1, 0, None)
    assert counts["opportunities", "CreatedDate"] == (5, 0, None)


def test_no_value_of_a_row_is_kept(module_home: Path, counts: Counts) -> None:
    with connect("test", read_only=True) as con:
        text = str(con.execute("from quality.cast_failures").fetchall())
    assert "Opportunity.csv" in text
    assert not re.search("1.234,56|perhaps|broken|yesterday", text)


def test_every_cast_of_every_staging_model_is_counted(module_home: Path, counts: Counts) -> None:
    compiled = settings().dbt_target / "compiled" / "onefold" / "models" / "quality"
    sql = (compiled / "cast_failures.sql").read_text()
    counted = {
        (relation, column)
        for part in sql.split("union all")
        for relation in re.findall(r'from "\w+"\."(\w+"\."\w+)"', part)[:1]
        for column in re.findall(r"'column_name': '([^']+)'", part)
    }
    project = PROJECT_ROOT / "dbt_project"
    macros = (project / "macros" / "staging" / "cast_checks.sql").read_text()
    names = re.findall(r'"(\w+)"', macros[: macros.index("endmacro")])
    folder = project / "models" / "staging"
    written: set[tuple[str, str]] = set()
    for file in folder.glob("*/stg_*.sql"):
        text: Any = file.read_text()
        read = re.search(r'source\("(\w+)", "(\w+)"\)', text)
        relation = f'raw_{read[1]}"."{read[2]}' if read else 'staging"."stg_marketo__activities'
        columns = re.findall(rf'\b(?:{"|".join(names)})\(\s*"([^"]+)"', text)
        written |= {(relation, column) for column in columns}
    assert len(written) > 150
    assert counted == written
