"""The moment a file speaks of: from its rows and its name, whatever order files arrive in."""

import random
from datetime import UTC, datetime, timedelta

import duckdb
import pyarrow as pa
import pytest

from ingestion import ledger
from ingestion.errors import DeclarationError
from ingestion.order import data_as_of, file_as_of
from ingestion.sources import Table, find_table, read_tables

SEED = 20261127
MOMENT = datetime(2026, 3, 1, 9, 30, 15)
WRITTEN = {
    "2026-03-01T09:30:15Z": MOMENT,
    "2026-03-01T10:30:15.000+01:00": MOMENT,
    "2026-03-01 09:30:15": MOMENT,
    "1772357415": MOMENT,
    "1772357415000": MOMENT,
    "1772357415000000": MOMENT,
    "03/01/2026 09:30:15 AM": MOMENT,
    "Mar 1, 2026 09:30:15": MOMENT,
    "March 1, 2026, 9:30 AM": datetime(2026, 3, 1, 9, 30),
    "3/1/2026 09:30:15 AM": MOMENT,
    "2026-03-01": datetime(2026, 3, 1),
    "20260301": datetime(2026, 3, 1),
    "3/1/2026": datetime(2026, 3, 1),
    "31.03.2026": datetime(2026, 3, 31),
    '[{"listId": "1", "lastAddedTimestamp": "2026-03-01T09:30:15Z"}]': MOMENT,
    "tomorrow": None,
    "infinity": None,
    "99999999999999999999": None,
    "": None,
}


@pytest.fixture(scope="module")
def tasks() -> Table:
    return find_table(read_tables(), "salesforce", "tasks")


def _rows(values: list[str]) -> pa.Table:
    return pa.table({"CreatedDate": pa.array(values, pa.string())})


@pytest.mark.parametrize(("text", "moment"), WRITTEN.items())
def test_every_way_of_writing_a_moment_is_read(
    tasks: Table, text: str, moment: datetime | None
) -> None:
    assert data_as_of(_rows([text, "", "no date"]), tasks) == moment


def test_blocks_combine_by_their_maximum(tasks: Table) -> None:
    rng = random.Random(SEED)
    moments = [MOMENT + timedelta(seconds=rng.randrange(10**7)) for _ in range(60)]
    texts = [
        str(int(m.replace(tzinfo=UTC).timestamp() * 1000)) if rng.random() < 0.5 else f"{m}Z"
        for m in moments
    ]
    blocks = [_rows(texts[i : i + 7]) for i in range(0, len(texts), 7)]
    newest = [data_as_of(block, tasks) for block in blocks]
    assert max(n for n in newest if n) == max(moments) == data_as_of(_rows(texts), tasks), SEED


def test_without_rows_or_the_column_there_is_no_moment(tasks: Table) -> None:
    assert data_as_of(_rows([]), tasks) is None
    assert data_as_of(pa.table({"Id": ["1"]}), tasks) is None


def test_a_file_says_when_it_was_made(tasks: Table) -> None:
    dated = tasks.model_copy(update={"file_date": r"(?P<date>\d{4}-\d{2}-\d{2}(?:T\d{4})?)"})
    assert file_as_of("a/tasks-2026-03-01.csv", {}, dated) == datetime(2026, 3, 1)
    assert file_as_of("a/tasks-2026-03-01T0930.csv", {}, dated) == datetime(2026, 3, 1, 9, 30)
    assert file_as_of("a/2026-03-02/tasks.csv", {}, dated) == datetime(2026, 3, 2)
    assert file_as_of("a/2026-03-02/tasks-2026-03-01.csv", {}, dated) == datetime(2026, 3, 1)
    assert file_as_of("a/2026-03-02/tasks.csv", {}, tasks) is None
    assert file_as_of("a/tasks-2026-99-01.csv", {}, dated) is None
    assert file_as_of("a/tasks-2026-03-01.csv", {}, tasks) is None
    assert file_as_of("a/tasks.csv", {"generated_at": "2026-03-01 09:30:15"}, tasks) == MOMENT
    complete = {"completed_at": "3/1/2026 09:30:15 AM (GMT)"}
    assert file_as_of("a/tasks.csv", complete, tasks) == MOMENT
    assert file_as_of("a/tasks.csv", {"generated_at": "today"}, tasks) is None


@pytest.mark.parametrize("pattern", ["(", r"\d{8}"])
def test_a_file_date_must_name_its_date(tmp_path, pattern: str) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "_s__sources.yml").write_text(
        "sources:\n- name: s\n  schema: raw_s\n  tables:\n  - name: t\n    config: {meta: {"
        f"file_pattern: [s/*], load: snapshot, key: [a], event_column: a, file_date: '{pattern}',"
        " dialect: {format: csv}}}\n    columns:\n    - name: a\n      description: A.\n"
        "      config: {meta: {pii: none, purposes: []}}\n"
    )
    with pytest.raises(DeclarationError, match="file_date"):
        read_tables(tmp_path)


def test_an_older_ledger_gains_the_columns() -> None:
    with duckdb.connect() as con:
        con.execute("create schema state")
        con.execute(ledger.LOADS)
        for column in ledger.ADDED:
            con.execute(f"alter table state.loads drop column {column}")
        con.execute(
            "insert into state.loads select 'l', 1, 's', 'o', 'f', 'h', null, 'loaded', null, "
            "1, 1, 0, 0, '{}', [], [], null, null, false, 1, null, timestamp '2026-01-01'"
        )
        ledger.prepare(con, ())
        assert con.execute("select load_id, file_as_of, data_as_of from state.loads").fetchall() \
            == [("l", None, None)]  # fmt: skip
        ledger.write(con, ledger.Load("s", "o", "f", "h2", "loaded", data_as_of=MOMENT), "", MOMENT)
        assert [row["data_as_of"] for row in ledger.rows(con)] == [None, MOMENT]
