"""The newcomer's run: the sample exports through Airflow, then the same again."""

import json
import sqlite3
import subprocess
from collections.abc import Callable
from typing import Any

import duckdb
import pytest

Onefold = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def second(sample_copy: Any, run_onefold: Onefold) -> dict[str, Any]:
    """The summary of `onefold run` at once again, where the first run ended."""
    result = run_onefold(["run", "--json"], sample_copy.home)
    assert result.returncode == 0, result.stdout + result.stderr
    summary: dict[str, Any] = json.loads(result.stdout)
    return summary


def test_every_source_arrives_and_nothing_is_lost(sample_run: Any) -> None:
    sources = {s["source"]: s for s in sample_run.summary["sources"]}
    assert set(sources) == {
        "salesforce", "hubspot", "google_ads", "web_events", "suppression", "costs", "billing",
    }  # fmt: skip
    assert all(s["rows_landed"] > 0 and s["refused"] == 0 for s in sources.values())
    with duckdb.connect(str(sample_run.home / "warehouse.duckdb"), read_only=True) as con:
        loads = con.execute(
            "select count(*), bool_and(rows_in = rows_loaded + rows_rejected + rows_skipped) "
            "from state.loads"
        ).fetchone()
    assert loads is not None
    assert loads[0] > 20
    assert loads[1]


def test_people_are_resolved_well(sample_run: Any) -> None:
    people = sample_run.summary["people"]
    assert people["people"] > 1000
    assert people["precision"] >= 0.995
    assert people["recall"] >= 0.97
    assert people["precision_of_plain_components"] < 0.90


def test_every_model_reconciles_to_the_cent(sample_run: Any) -> None:
    models = sample_run.summary["models"]
    assert len(models) == 8
    assert float(models[0]["total_usd"]) > 0
    assert all(m["attributed_usd"] == m["total_usd"] for m in models)


def test_gates_and_syncs_have_their_say(sample_run: Any) -> None:
    assert {g["gate"].split(":")[0] for g in sample_run.summary["gates"]} == {"marts", "plan"}
    syncs = {s["sync"]: s for s in sample_run.summary["syncs"]}
    assert len(syncs) == 3
    assert all(s["status"] == "done" and s["sent"] > 0 for s in syncs.values())


def test_airflow_recorded_the_run(sample_run: Any) -> None:
    with sqlite3.connect(sample_run.home / "airflow" / "airflow.db") as con:
        runs = con.execute("select run_id, state from dag_run where dag_id = 'cdp_daily'")
        states = dict(runs.fetchall())
        tasks = con.execute(
            "select task_id, state from task_instance where run_id = ?",
            (sample_run.summary["run_id"],),
        ).fetchall()
    assert states[sample_run.summary["run_id"]] == "success"
    assert {"ingest", "identity", "gate_marts", "publish", "sync", "report"} <= {
        t for t, _ in tasks
    }
    assert {state for _, state in tasks} == {"success"}


def test_run_again_changes_nothing_and_says_so(sample_run: Any, second: dict[str, Any]) -> None:
    assert second["is_unchanged"]
    assert second["marts"]["checksum"] == sample_run.summary["marts"]["checksum"]
    assert sum(s["rows_landed"] for s in second["sources"]) == 0
    assert sum(s["sent"] for s in second["syncs"]) == 0
    from ops.table import render

    assert "Nothing changed" in render(second)


def test_published_file_holds_no_personal_data(sample_run: Any) -> None:
    published = sample_run.home / "published" / "onefold.duckdb"
    with duckdb.connect(str(published), read_only=True) as con:
        columns = con.execute(
            "select table_schema, table_name, column_name, data_type "
            "from information_schema.columns"
        ).fetchall()
        texts = [(s, t, c) for s, t, c, kind in columns if "CHAR" in kind or kind == "JSON"]
        assert len(texts) > 30
        leaks = []
        for schema, table, column in texts:
            row = con.execute(
                f"select count(*) from {schema}.{table} where regexp_matches("
                f""" "{column}"::varchar, '[^\\s@]+@[^\\s@]+\\.[a-z]+|\\+[0-9]{{9,}}')"""
            ).fetchone()
            assert row is not None
            if row[0]:
                leaks.append((schema, table, column, row[0]))
    assert not leaks


def test_logs_and_xcom_hold_no_personal_data(sample_run: Any) -> None:
    with duckdb.connect(str(sample_run.home / "warehouse.duckdb"), read_only=True) as con:
        rows = con.execute(
            "select id_value from identity.identifiers where id_type = 'email'"
        ).fetchall()
    emails = {row[0].encode() for row in rows}
    assert len(emails) > 500
    home = sample_run.home
    logs = [*(home / "runs").iterdir(), home / "airflow" / "airflow.db"]
    logs += [f for f in (home / "airflow" / "logs").rglob("*") if f.is_file()]
    logs += [f for f in (home / "data_docs").rglob("*") if f.is_file()]
    assert len(logs) > 3
    found = [f.name for f in logs if any(e in f.read_bytes() for e in emails)]
    assert not found
