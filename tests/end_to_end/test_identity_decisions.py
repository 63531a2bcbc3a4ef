"""Who is who in the sample: within limits, stable, incremental, explained, and undone by hand."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
import typer
from typer.testing import CliRunner

from identity.commands import register
from identity.step import decide, resolve
from warehouse.checksum import table_checksums
from warehouse.connection import connect

Covered = Callable[[str], None]
DURABLE = ("state",)


@pytest.fixture(scope="module", autouse=True)
def home(sample_copy: Any) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ONEFOLD_HOME", str(sample_copy.home))
        yield sample_copy.home


@pytest.fixture
def nowhere(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sample's home, while decisions in memory are made in a deployment without labels."""
    monkeypatch.setenv("ONEFOLD_HOME", str(tmp_path))
    return home


def query(sql: str, *values: Any) -> list[Any]:
    with connect("test") as con:
        return con.execute(sql, list(values)).fetchall()


def identity(*words: str) -> Any:
    """What `onefold identity … --json` prints."""
    app = typer.Typer()
    register(app)
    result = CliRunner().invoke(app, ["identity", *words, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def as_of() -> str:
    return str(query("select max(as_of)::varchar from state.identity_runs")[0][0])


@pytest.fixture(scope="module")
def pair(home: Path) -> tuple[str, str, str]:
    """A person of a Salesforce lead and a HubSpot contact that share an address, and both."""
    (row,) = query(
        """
        select a.person_id, a.record_id, b.record_id
        from state.person_records as a
        inner join state.person_records as b using (person_id)
        inner join identity.edges as ea on ea.record_id = a.record_id
        inner join identity.edges as eb on eb.record_id = b.record_id
            and (ea.id_type, ea.id_value) = (eb.id_type, eb.id_value)
        where a.record_type = 'lead' and b.source = 'hubspot' and b.record_type = 'contact'
            and ea.id_type = 'email' and ea.is_linking and eb.is_linking and a.source = 'salesforce'
        order by all limit 1
        """
    )
    return row[0], f"salesforce:{row[1]}", f"hubspot:{row[2]}"


def test_resolution_refuses_joins_that_break_a_limit(covered: Covered, nowhere: Path) -> None:
    with duckdb.connect() as con:
        evidence_until(con, nowhere, "99999999")
        con.execute("update rules.identity_id_types set max_per_person = 1 where id_type = 'email'")
        decide(con, "2026-01-01 00:00:00", "strict")
        over = con.execute(
            """
            with links as (
                select person_id, record_hash, id_value
                from identity.int_identity__links
                inner join state.person_records using (record_hash)
                where is_linking and not is_shared and id_type = 'email'
            ),
            alone as (
                select person_id, record_hash, count(distinct id_value) as held
                from links group by all
            )
            select count(*), count(*) filter (where together > most)
            from (select person_id, count(distinct id_value) as together from links group by all)
            inner join (select person_id, max(held) as most from alone group by all)
                using (person_id)
            """
        ).fetchall()
        ((refused, told),) = con.execute(
            "select count(*), count(*) filter (where limit_id_type = 'email' and would_be = 2) "
            "from state.refused_merges"
        ).fetchall()
    assert over[0][0] > 500 and over[0][1] == 0
    assert refused == told > 0
    covered(f"{refused} joins refused for a second address, 0 people over the limit")


def test_stable_ids_are_the_same_when_the_loads_are_replayed_on_another_day(
    covered: Covered, nowhere: Path
) -> None:
    ids = (
        "select source, record_type, record_id, person_id from {}state.person_records order by all"
    )
    with duckdb.connect() as con:
        evidence_until(con, nowhere, "99999999")
        decide(con, "2031-05-05 00:00:00", "replay")
        replayed = con.execute(ids.format("")).fetchall()
        assert replayed == con.execute(ids.format("sample.")).fetchall()
    people = {row[3] for row in replayed}
    covered(f"{len(people):,} ids, the same bytes")


def test_incremental_gives_the_same_as_everything_anew(covered: Covered, nowhere: Path) -> None:
    with duckdb.connect(str(nowhere / "warehouse.duckdb"), read_only=True) as con:
        rows = con.execute("select distinct _load_id from identity.int_identity__links order by 1")
        loads = [load for (load,) in rows.fetchall()]
    assert len(loads) >= 8
    looked = 0
    with duckdb.connect() as bits, duckdb.connect() as whole:
        for day, until in enumerate((*loads[len(loads) // 2 : -1], loads[-1]), 1):
            for con in (bits, whole):
                evidence_until(con, nowhere, until)
            at = f"2026-01-{day:02d} 00:00:00"
            looked += decide(bits, at, f"run-{day}").resolved
            decide(whole, at, f"run-{day}", full=True)
            assert durable(bits) == durable(whole)
        records = len(durable(bits)["person_records"])
    covered(f"{day} days, {looked:,} records looked at, {records:,} there are")


def durable(con: duckdb.DuckDBPyConnection) -> dict[str, list[Any]]:
    tables = ("people", "person_records", "former_person_records", "aliases", "merge_events",
              "refused_merges", "edges")  # fmt: skip
    return {t: con.execute(f"from state.{t} order by all").fetchall() for t in tables}


def evidence_until(con: duckdb.DuckDBPyConnection, home: Path, load_id: str) -> None:
    """The sample's evidence of the loads up to one, with its records numbered anew."""
    con.execute(f"attach if not exists '{home}/warehouse.duckdb' as sample (read_only)")
    for schema in ("identity", "rules", "state"):
        con.execute(f"create schema if not exists {schema}")
    for table in ("identity.int_identity__hosts", "identity.int_identity__identifier_values",
                  "rules.identity_id_types"):  # fmt: skip
        con.execute(f"create or replace table {table} as from sample.{table}")
    con.execute(
        "create or replace table identity.int_identity__records as select * replace ("
        "(row_number() over (order by record_index) - 1)::integer as record_index) "
        f"from sample.identity.int_identity__records where _load_id <= '{load_id}'"
    )
    con.execute(
        "create or replace table identity.int_identity__links as "
        "select links.* replace (records.record_index as record_index) "
        "from sample.identity.int_identity__links as links "
        "inner join identity.int_identity__records as records using (record_hash) "
        f"where links._load_id <= '{load_id}'"
    )


def test_explain_shows_the_path_that_the_sql_tables_hold(
    pair: tuple[str, str, str], covered: Covered
) -> None:
    person, lead, contact = pair
    why = identity("explain", lead, contact)
    assert (why["person_id"], why["same_person"]) == (person, True)
    steps = why["steps"]
    assert [f"{step['source']}:{step['record_id']}" for step in (steps[0], steps[-1])] == [
        lead, contact]  # fmt: skip
    for step in steps:
        edge = query(
            "select rule, rule_version, _file, _line, observed_at::varchar from identity.edges "
            "where is_current and source = ? and record_id = ? and id_type = ? and id_value = ?",
            step["source"], step["record_id"], step["id_type"], step["id_value"],
        )  # fmt: skip
        said = ("rule", "rule_version", "_file", "_line", "observed_at")
        assert edge == [tuple(step[key] for key in said)]
    assert any(step["is_weakest"] for step in steps)
    covered(f"{len(steps)} links of {len({s['record_id'] for s in steps})} records")


def test_what_if_prints_the_blast_radius_and_changes_nothing(
    pair: tuple[str, str, str], covered: Covered
) -> None:
    person, lead, _ = pair
    with connect("test") as con:
        before = table_checksums(con, DURABLE)
    radius = identity("what-if", "split", person, lead)
    rule = identity("what-if", "rule-change", "email", "max_per_person=1")
    with connect("test") as con:
        assert table_checksums(con, DURABLE) == before
    assert radius["people_after"] == radius["people_before"] + 1
    assert [event["event"] for event in radius["events"]] == ["split"]
    assert {"segments", "syncs", "attribution", "consent"} <= radius.keys()
    assert rule["people_after"] > rule["people_before"]
    covered(f"{radius['records']} record, {radius['affected_people']} people; 0 tables changed")


def test_a_split_survives_later_runs_touches_only_its_own_and_is_undone(
    pair: tuple[str, str, str], covered: Covered
) -> None:
    person, lead, contact = pair
    records = query("select count(*) from state.person_records")[0][0]
    of = query("select person_id, record_id from state.person_records order by all")
    number = identity("split", person, lead, "--why", "two people", "--by", "ops")["override"]
    split = resolve(as_of(), "split")
    again = resolve(as_of(), "again", full=True)
    nothing = resolve(as_of(), "nothing")
    assert (split.split, again.changed, nothing.resolved) == (1, 0, 0)
    assert split.resolved < records / 10 and again.resolved == records
    app_says = identity("overrides")
    assert [(row["action"], row["made_by"], row["reason"]) for row in app_says] == [
        ("split", "ops", "two people")]  # fmt: skip
    then = identity("explain", lead, contact, "--as-of-run", "1")
    assert (then["person_id"], then["same_person"]) == (person, True)
    identity("undo", str(number))
    assert resolve(as_of(), "undone").merged == 1
    assert query("select person_id, record_id from state.person_records order by all") == of
    covered(f"{split.resolved} of {records:,} records looked at; every id as before")
