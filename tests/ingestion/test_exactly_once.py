"""A file's content lands once, whatever it is called and however often the run is repeated."""

from collections.abc import Callable
from itertools import permutations

import pytest

from ingestion import ledger, load
from ingestion.content import Content
from ingestion.landing import ingest_landing
from ingestion.sources import read_tables
from warehouse.connection import connect, transaction

FILE = "hubspot/email_events.csv"


def test_landing_twice_loads_once(land, ingest, query, events: Callable[[int], str]) -> None:
    land(FILE, events(5))
    assert ingest()[FILE].outcome == "loaded"
    assert ingest()[FILE].outcome == "already_loaded"
    assert query("select count(*), count(distinct _load_id) from raw_hubspot.email_events") == [
        (5, 1)
    ]
    assert query("select count(*) from state.loads") == [(1,)]


def test_a_copy_under_another_name_is_a_duplicate(land, ingest, query, events) -> None:
    land(FILE, events(5))
    land("hubspot/email_events_copy.csv", events(5))
    for _ in range(2):
        found = ingest()
        assert found["hubspot/email_events_copy.csv"].outcome == "duplicate"
        assert f"same content as {FILE}" in found["hubspot/email_events_copy.csv"].load.message
    assert query("select count(*) from raw_hubspot.email_events") == [(5,)]
    assert query("select status from state.loads order by 1") == [("duplicate",), ("loaded",)]


def test_new_content_under_an_old_name_is_a_new_load(land, ingest, query, events) -> None:
    land(FILE, events(2))
    ingest()
    land(FILE, events(3))
    assert ingest()[FILE].load.load_seq == 2
    assert query(
        "select _load_id[:8], count(*) from raw_hubspot.email_events group by 1 order by 1"
    ) == [("00000001", 2), ("00000002", 3)]


def test_rows_and_ledger_commit_together_or_not_at_all(
    land, ingest, query, events, monkeypatch: pytest.MonkeyPatch
) -> None:
    land(FILE, events(5))

    def fail(*_: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(load.ledger, "write", fail)
        with pytest.raises(RuntimeError):
            ingest()
    assert query("select count(*) from raw_hubspot.email_events") == [(0,)]
    assert query("select count(*) from state.loads") == [(0,)]
    assert ingest()[FILE].outcome == "loaded"
    assert query("select count(*) from raw_hubspot.email_events") == [(5,)]


def test_load_order_is_a_function_of_what_is_there(land, ingest, query, events) -> None:
    names = ["b_email_events.csv", "a_email_events.csv", "c_email_events.csv"]
    orders = list(permutations(enumerate(names)))
    assert len(orders) == 6
    for i, name in orders[4]:
        land(f"hubspot/{name}", events(i + 1))
    land("suppression/s.csv", "email,type,occurred_at,source\n")
    land("salesforce/CampaignMember.csv", "Id\n")
    ingest()
    assert query("select file from state.loads order by load_seq nulls last") == [
        ("hubspot/a_email_events.csv",),
        ("hubspot/b_email_events.csv",),
        ("hubspot/c_email_events.csv",),
        ("suppression/s.csv",),
        ("salesforce/CampaignMember.csv",),
    ]


def test_a_file_rewritten_by_an_erasure_is_not_new(land, ingest, query, events) -> None:
    land(FILE, events(5))
    first = ingest()[FILE].load
    rewritten = events(4)
    land(FILE, rewritten)
    with connect("test") as con, transaction(con):
        ledger.note_rewrite(con, first.load_id, Content.of(rewritten.encode()).digest)
    assert ingest()[FILE].outcome == "already_loaded"
    assert query("select count(*) from state.loads") == [(1,)]


def test_every_declared_table_exists_before_its_first_file(ingest, query) -> None:
    ingest()
    found = query(
        "select schema_name || '.' || table_name from duckdb_tables() "
        "where schema_name like 'raw\\_%' escape '\\'"
    )
    assert {name for (name,) in found} == {f"raw_{table.full_name}" for table in read_tables()}
    assert len(found) > 20
    assert query("select count(*) from raw_web_events.events") == [(0,)]


def test_a_column_declared_later_is_added(land, ingest, query) -> None:
    ingest()
    with connect("test") as con, transaction(con):
        con.execute("alter table raw_suppression.suppressions drop column source")
    land("suppression/s.csv", "email,type,occurred_at,source\na@b.test,complaint,2026-01-01,crm\n")
    ingest()
    assert query("select source from raw_suppression.suppressions") == [("crm",)]


def test_the_summary_counts_and_names_no_person(land, events) -> None:
    land(FILE, events(5) + "broken\n")
    land("hubspot/what.csv", "x")
    found = ingest_landing("run").as_dict()["sources"]
    assert found == (
        {"source": "hubspot", "files": 2, "new_files": 1, "rows_loaded": 5, "rows_rejected": 1,
         "rows_skipped": 0, "deferred": (), "refused": found[0]["refused"]},
    )  # fmt: skip
    assert "@" not in str(found)
