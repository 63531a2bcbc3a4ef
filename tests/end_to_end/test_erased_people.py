"""Erased people never come back: whatever is exported again, nothing of them is kept."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from identity.normalise import normalise
from ingestion import ledger
from ingestion.landing import ingest_landing
from ingestion.sources import read_tables
from ingestion.tombstones import bury
from simulator.simulate import simulate
from warehouse.connection import connect, transaction
from warehouse.settings import settings

Texts = Callable[[], set[str]]


@pytest.fixture(scope="module")
def people(module_home: Path) -> list[str]:
    """Addresses of three people in a small company's exports, the commonest of all first."""
    simulate(120, 3, 7, module_home / "world")
    (module_home / "world" / "exports").rename(settings().landing)
    ingest_landing("first")
    with connect("test") as con:
        rows = con.execute(
            'select "_normal_Email", count(*) from raw_salesforce.leads '
            'where "_normal_Email" is not null group by 1 order by 2 desc, 1 limit 3'
        ).fetchall()
    assert len(rows) == 3
    return [address for address, _ in rows]


def _texts() -> set[str]:
    """Every text that stands in a raw table or among the rejects."""
    found: set[str] = set()
    with duckdb.connect(str(settings().warehouse), read_only=True) as con:
        columns = con.execute(
            "select table_schema, table_name, column_name from information_schema.columns "
            "where data_type = 'VARCHAR' "
            "and (table_schema like 'raw_%' or table_name = 'rejects')"
        ).fetchall()
        assert len(columns) > 100
        for schema, table, column in columns:
            values = con.execute(f'select distinct "{column}" from {schema}."{table}"').fetchall()
            found |= {str(value).lower() for (value,) in values if value}
    return found


def test_a_new_export_of_the_same_people_leaves_them_out(
    people: Any, covered: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone, kept = people[0], people[1:]
    assert any(gone in text for text in _texts())
    # A new home with the tombstones that an erasure left, and every export lands there again.
    landing = settings().landing
    monkeypatch.setenv("ONEFOLD_HOME", str(settings().home / "after"))
    monkeypatch.setenv("ONEFOLD_LANDING", str(landing))
    monkeypatch.setenv("ONEFOLD_TOMBSTONE_KEY", "a key of these tests")
    with connect("test") as con:
        ledger.prepare(con, read_tables())
        with transaction(con):
            form = normalise("email", gone, None)
            assert form
            bury(con, [("email", form)], datetime(2026, 7, 1))
    landed = ingest_landing("second")
    assert landed.rows_loaded > 100
    texts = _texts()
    assert not any(gone in text for text in texts)
    assert all(any(address in text for text in texts) for address in kept)
    with duckdb.connect(str(settings().warehouse), read_only=True) as con:
        [(withheld, wrong)] = con.execute(
            "select sum((checks::json ->> 'erased')::int), "
            "count(*) filter (rows_in <> rows_loaded + rows_rejected + rows_skipped) "
            "from state.loads"
        ).fetchall()
    assert withheld >= 1
    assert wrong == 0
    covered(f"{withheld} rows of 1 person left out")
