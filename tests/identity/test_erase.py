"""After an erasure no durable table of identity holds a text of the person; the others stay."""

from collections.abc import Iterator

import duckdb
import pytest

from identity.erase import erase
from identity.errors import IdentityError
from identity.step import decide
from tests.identity.conftest import Row, put_evidence

ANN: list[Row] = [
    (1, "ann-crm", {"email": "ann@a.test", "user_id": "ann-user", "phone": "+1415"}),
    (1, "ann-web", {"email": "ann@a.test"}),
]
OTHERS: list[Row] = [
    (1, "bob-crm", {"phone": "+1415", "user_id": "bob-user"}),
    (1, "cleo-crm", {"email": "cleo@a.test"}),
]
SECRETS = ("ann-crm", "ann-web", "ann@a.test", "ann-user")


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    found = duckdb.connect(config={"threads": 1})
    put_evidence(found, [*ANN, *OTHERS])
    decide(found, "2026-01-01 00:00:00", "run-1")
    yield found
    found.close()


def texts(con: duckdb.DuckDBPyConnection) -> str:
    tables = con.execute(
        "select table_name from information_schema.tables where table_schema = 'state'"
    ).fetchall()
    assert len(tables) > 10
    return str([con.execute(f"from state.{table}").fetchall() for (table,) in tables])


def person_of(con: duckdb.DuckDBPyConnection, record: str) -> str:
    rows = con.execute("select person_id from state.person_records where record_id = ?", [record])
    return str(rows.fetchall()[0][0])


def test_nothing_durable_says_who_an_erased_person_was(con: duckdb.DuckDBPyConnection) -> None:
    ann, bob = person_of(con, "ann-crm"), person_of(con, "bob-crm")
    assert all(secret in texts(con) for secret in SECRETS)
    assert erase(con, ann) == 4
    assert not any(secret in texts(con) for secret in SECRETS)
    assert "cleo@a.test" in texts(con) and "+1415" in texts(con)
    assert con.execute("select getvariable('erasure_salt')").fetchall() == [(None,)]
    assert person_of(con, "bob-crm") == bob
    assert erase(con, ann) == 0


def test_the_run_after_an_erasure_ends_the_person_and_nobody_else(
    con: duckdb.DuckDBPyConnection,
) -> None:
    ann, bob = person_of(con, "ann-crm"), person_of(con, "bob-crm")
    erase(con, ann)
    put_evidence(con, OTHERS)
    found = decide(con, "2026-01-02 00:00:00", "run-2")
    assert (found.erased, found.people) == (1, 2)
    assert person_of(con, "bob-crm") == bob
    assert not any(secret in texts(con) for secret in SECRETS)
    assert decide(con, "2026-01-03 00:00:00", "run-3").resolved == 0


def test_an_id_that_nobody_has_is_no_erasure(con: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(IdentityError, match="got p_0, which nobody has"):
        erase(con, "p_0")
