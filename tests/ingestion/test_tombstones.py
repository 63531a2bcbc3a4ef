"""Erased people never come back, whatever file names them."""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion import ledger
from ingestion.errors import IngestionError
from ingestion.reading import Reading, Reject
from ingestion.sources import find_table, read_tables
from ingestion.tombstones import TOMBSTONES, WITHHELD, Erased, bury, digest
from warehouse.connection import connect, transaction

KEY = "a key of these tests"
AT = datetime(2026, 7, 1)
_DIGESTS = "select id_type, list(digest) from state.tombstones group by id_type"
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


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """A warehouse with tombstones: two addresses, a cookie with an odd form, and many others."""
    with pytest.MonkeyPatch.context() as patch, duckdb.connect() as con:
        patch.setenv("ONEFOLD_TOMBSTONE_KEY", KEY)
        con.execute("create schema state")
        con.execute(TOMBSTONES)
        gone = [("email", "bob@example.test"), ("email", "dan@example.test"), ("user_id", "ü;1")]
        bury(con, [*gone, *(("user_id", f"gone {i}") for i in range(1000))], AT)
        yield con


@pytest.fixture(scope="module")
def erased_once(con: duckdb.DuckDBPyConnection) -> Erased:
    return Erased.read(con)


def _contacts(**columns: list[str | None]) -> Reading:
    rows = pa.table({name.replace("_", " "): texts for name, texts in columns.items()})
    return Reading(rows, rows.num_rows, (), 0)


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


def test_an_id_or_a_cookie_is_enough(erased: Any, land: Any, ingest: Any, query: Any) -> None:
    erased(("hubspot_contact_id", "2"), ("anonymous_id", "c-2"), ("user_id", "u-9"))
    land("hubspot/contacts.csv", CONTACTS)
    pages = [("c-1", None), ("c-2", None), (" c-2 ", "u-1"), ("c-3", "u-9"), ("u-9", "c-2")]
    lines = [
        {
            "messageId": f"m{i}",
            "type": "page",
            "anonymousId": cookie,
            "userId": user,
            "timestamp": "2026-03-01T10:00:00Z",
            "receivedAt": "2026-03-01T10:00:00Z",
        }
        for i, (cookie, user) in enumerate(pages)
    ]
    land("web_events/events_20260301.jsonl", "".join(f"{json.dumps(line)}\n" for line in lines))
    found = {file: result.load for file, result in ingest().items()}
    assert found["hubspot/contacts.csv"].checks["erased"] == 1
    assert query('select "Record ID" from raw_hubspot.contacts') == [("1",)]
    assert found["web_events/events_20260301.jsonl"].checks["erased"] == 3
    assert query("select message_id from raw_web_events.events order by all") == [("m0",), ("m4",)]
    stored = query("select column_name from duckdb_columns() where column_name like '_normal_%'")
    assert ("_normal_Email",) in stored
    assert ("_normal_anonymous_id",) not in stored


def test_an_erased_marketo_lead_is_left_out_of_every_file(
    erased: Any, land: Any, ingest: Any, query: Any
) -> None:
    erased(("marketo_lead_id", "5414095"))
    exports = Path(__file__).parent / "exports"
    for name in ("leads.csv", "program_members.csv"):
        land(f"marketo/{name}", (exports / f"marketo_{name}").read_bytes())
    found = {file: result.load for file, result in ingest().items()}
    for name, column in (("leads", "id"), ("program_members", "leadId")):
        left_out = found[f"marketo/{name}.csv"].checks["erased"]
        kept = {row[0] for row in query(f'select "{column}" from raw_marketo.{name}')}
        assert left_out >= 1, name
        assert "5414094" in kept and "5414095" not in kept, name


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


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["email", "user_id", "anonymous_id"]),
    st.lists(
        st.one_of(
            st.none(),
            st.sampled_from(["bob@example.test", "ü;1", "gone 7", "gone 999", "gone 1000"]),
            st.text(max_size=80),
        ),
        max_size=20,
    ),
)
def test_the_column_wise_answer_is_that_of_each_digest(
    con: duckdb.DuckDBPyConnection, erased_once: Erased, id_type: str, forms: list[str | None]
) -> None:
    known = {kind: set(digests) for kind, digests in con.execute(_DIGESTS).fetchall()}
    expected = [
        form is not None
        and hmac.new(KEY.encode(), f"{id_type}\0{form}".encode(), "sha256").hexdigest()
        in known.get(id_type, ())
        for form in forms
    ]
    found = erased_once.among(con, id_type, pa.array(forms, pa.string()))
    assert found.tolist() == expected


def test_a_mark_is_a_keyed_md5_and_its_type_is_part_of_it(con: duckdb.DuckDBPyConnection) -> None:
    bury(con, [("email", "gone 7")], AT)
    found = {}
    for kind in ("email", "user_id"):
        secret = hmac.new(KEY.encode(), f"mark\0{kind}".encode(), "sha256").digest()[:16]
        mark = hashlib.md5(secret + b"gone 7", usedforsecurity=False).hexdigest()[:8]
        ((found[kind],),) = con.execute(
            "select mark from state.tombstones where digest = ?", [digest(kind, "gone 7")]
        ).fetchall()
        assert found[kind] == mark
    assert found["email"] != found["user_id"]


def test_the_order_of_tombstones_says_nothing(con: duckdb.DuckDBPyConnection) -> None:
    stored = con.execute(
        "select digest from state.tombstones where id_type = 'user_id' order by rowid"
    ).fetchall()
    assert len(stored) > 1000
    assert stored == sorted(stored)


def test_a_false_mark_withholds_nobody(con: duckdb.DuckDBPyConnection) -> None:
    erased = Erased.read(con)
    all_taken = {kind: np.ones_like(taken) for kind, taken in erased.marked.items()}
    forms = pa.array(["ann@example.test", "bob@example.test", None, "cleo@example.test"])
    found = replace(erased, marked=all_taken).among(con, "email", forms)
    assert found.tolist() == [False, True, False, False]


def test_read_once_and_asked_block_by_block(con: duckdb.DuckDBPyConnection) -> None:
    contacts = find_table(read_tables(), "hubspot", "contacts")
    whole = _contacts(
        Email=["ann@example.test", "Bob@Example.test ", None, "cleo@example.test"] * 3,
        Additional_email_addresses=["", "", "x@example.test; DAN@example.test", "bob@example"] * 3,
    )
    erased = Erased.read(con)
    streaming = con.execute("select range from range(1_000_000)")
    first = streaming.fetchone()
    blocks = [
        erased.withhold(con, replace(whole, rows=whole.rows.slice(at, 5)), contacts)
        for at in (0, 5, 10)
    ]
    assert (first, streaming.fetchone()) == ((0,), (1,)), "the caller's own result was disturbed"
    assert [b.checks["erased"] for b in blocks] == [2, 3, 1]
    at_once = Erased.read(con).withhold(con, whole, contacts)
    assert at_once.rows.num_rows == 6
    assert at_once.skipped == 6
    assert pa.concat_tables([b.rows for b in blocks]).equals(at_once.rows)
    assert set(at_once.rows["_normal_Email"].to_pylist()) == {
        "ann@example.test",
        "cleo@example.test",
    }


@pytest.mark.parametrize(
    ("raw_text", "is_kept"),
    [
        ("1,ann@example.test", True),
        ("a@@b <BOB@example.test>", False),
        ('{"e": "{\\"mail\\":\\"bob@example.test\\"}', False),
        ("1,https://x.test/?a=1&e=bob@example.test&b=2", False),
        ("@" * 100_000 + "," + "a" * 100_000, True),
    ],
)
def test_a_rejected_line_names_an_erased_address(
    con: duckdb.DuckDBPyConnection, raw_text: str, is_kept: bool
) -> None:
    contacts = find_table(read_tables(), "hubspot", "contacts")
    rejects = (Reject(2, "nobody", "r"), Reject(3, raw_text, "r"))
    reading = replace(_contacts(Email=[]), rejects=rejects)
    found = Erased.read(con).withhold(con, reading, contacts).rejects
    assert found == (rejects[0], Reject(3, raw_text if is_kept else WITHHELD, "r"))


def test_a_mark_that_is_made_otherwise_is_noticed(con: duckdb.DuckDBPyConnection) -> None:
    with con.cursor() as other:
        other.execute("begin")
        other.execute("update state.tombstones set mark = 'otherway' where id_type = '(key)'")
        with pytest.raises(IngestionError, match="got another one"):
            Erased.read(other)
        other.execute("rollback")


def test_a_warehouse_from_before_the_marks(home: Path) -> None:
    with connect("test") as con:
        con.execute("create schema state")
        con.execute(
            "create table state.tombstones (id_type varchar not null, digest varchar not null, "
            "buried_at timestamp not null)"
        )
        ledger.prepare(con, ())
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("ONEFOLD_TOMBSTONE_KEY", KEY)
            assert bury(con, [("email", "bob@example.test")], AT) == 1
            found = Erased.read(con).among(con, "email", pa.array(["bob@example.test", "x"]))
    assert found.tolist() == [True, False]
