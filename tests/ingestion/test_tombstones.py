"""Erased people never come back, whatever file names them."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from ingestion import ledger
from ingestion.errors import IngestionError
from ingestion.sources import read_tables
from ingestion.tombstones import WITHHELD, bury, digest
from warehouse.connection import connect, transaction

KEY = "a key of these tests"
AT = datetime(2026, 7, 1)
HEADER = "email,type,occurred_at,source\n"
LIST = HEADER + (
    "ann@example.test,unsubscribe,2026-03-01T10:00:00Z,hubspot\n"
    " BOB@Example.test,unsubscribe,2026-03-02T10:00:00Z,hubspot\n"
    "cleo@example.test,unsubscribe\n"
    '"bob@example.test","quoted" badly,x,y\n'
)
CONTACTS = (
    '"Record ID","First Name","Last Name","Email","Additional email addresses","Lifecycle Stage",'
    '"Lead Status","Create Date","Original Source","Associated Company IDs","Merged record IDs"\n'
    '"1","Ann","A","ann@example.test","old@example.test;bob@example.test","","","2026-03-09 14:02",'
    '"","",""\n'
    '"2","Cleo","C","cleo@example.test","","","","2026-03-09 14:02","","",""\n'
)


@pytest.fixture
def erased(home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    monkeypatch.setenv("ONEFOLD_TOMBSTONE_KEY", KEY)

    def erase(*identifiers: tuple[str, str]) -> int:
        with connect("test") as con:
            ledger.prepare(con, read_tables())
            with transaction(con):
                return bury(con, identifiers, AT)

    return erase


def test_rows_of_an_erased_person_do_not_land(
    erased: Any, land: Any, ingest: Any, query: Any
) -> None:
    assert erased(("email", "bob@example.test")) == 1
    land("suppression/list.csv", LIST)
    load = ingest()["suppression/list.csv"].load
    assert (load.rows_in, load.rows_loaded, load.rows_rejected, load.rows_skipped) == (4, 1, 2, 1)
    assert load.checks["erased"] == 1
    assert "1 rows of erased people left out" in load.message
    assert query("select email from raw_suppression.suppressions") == [("ann@example.test",)]
    assert query("select line, raw_text from state.rejects order by line") == [
        (4, "cleo@example.test,unsubscribe"),
        (5, WITHHELD),
    ]


def test_any_of_several_addresses_is_enough(
    erased: Any, land: Any, ingest: Any, query: Any
) -> None:
    erased(("email", "bob@example.test"))
    land("hubspot/contacts.csv", CONTACTS)
    load = ingest()["hubspot/contacts.csv"].load
    assert (load.rows_in, load.rows_loaded, load.rows_skipped) == (2, 1, 1), load.message
    assert query('select "Record ID" from raw_hubspot.contacts') == [("2",)]


def test_the_warehouse_holds_a_digest_alone(erased: Any, home: Path, query: Any) -> None:
    assert erased(("email", "bob@example.test"), ("phone", "+4989123456")) == 2
    assert erased(("email", "bob@example.test")) == 0
    rows = query(
        "select id_type, digest, buried_at from state.tombstones "
        "where id_type <> '(key)' order by id_type"
    )
    assert rows == [
        ("email", digest("email", "bob@example.test"), AT),
        ("phone", digest("phone", "+4989123456"), AT),
    ]
    assert all(len(found) == 64 for _, found, _ in rows)


def test_a_type_is_part_of_the_identifier(erased: Any, land: Any, ingest: Any) -> None:
    erased(("user_id", "ann@example.test"))
    land("suppression/list.csv", LIST)
    assert ingest()["suppression/list.csv"].load.rows_skipped == 0


def test_without_the_right_key_nothing_lands(
    erased: Any, land: Any, ingest: Any, query: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    erased(("email", "bob@example.test"))
    monkeypatch.delenv("ONEFOLD_TOMBSTONE_KEY")
    land("suppression/list.csv", LIST)
    with pytest.raises(IngestionError, match="expected ONEFOLD_TOMBSTONE_KEY"):
        ingest()
    monkeypatch.setenv("ONEFOLD_TOMBSTONE_KEY", "another key")
    with pytest.raises(IngestionError, match="got another one"):
        ingest()
    assert query("select count(*) from raw_suppression.suppressions") == [(0,)]
