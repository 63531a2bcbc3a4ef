"""`onefold run` and `onefold doctor` as a person types them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from ops.commands import register

EVENTS = [
    {"stage": "ingest", "event": "started"},
    {"stage": "ingest", "event": "done", "seconds": 3.04, "detail": {"rows": 12345}},
    {"stage": "marts", "event": "failed", "seconds": 1.0, "detail": {}},
]


@pytest.fixture
def call(
    home: Path, monkeypatch: pytest.MonkeyPatch, summary: dict[str, Any]
) -> Callable[..., Any]:
    """Run a command over a run that ends with `summary`."""

    def run(*, sample: bool, listen: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        for event in EVENTS:
            listen(event)
        return summary | {"sample": sample}

    def invoke(*args: str) -> Any:
        monkeypatch.setattr("ops.run.run", run)
        app = typer.Typer()
        register(app)
        return CliRunner().invoke(app, args)

    return invoke


def test_a_new_home_without_files_says_where_to_put_them(
    call: Callable[..., Any], home: Path
) -> None:
    result = call("run")
    assert result.exit_code == 2
    assert f"{home}/landing/<source>/" in result.output
    assert "onefold run --sample" in result.output


def test_a_run_shows_its_progress_and_its_table(call: Callable[..., Any]) -> None:
    result = call("run", "--sample")
    assert result.exit_code == 0, result.output
    rows = [" ".join(row.split()) for row in result.output.splitlines()]
    assert rows[:3] == ["… ingest", "✓ ingest 3.0 s rows 12,345", "✗ marts 1.0 s"]
    assert "cdp_daily, as of 2026-06-30 12:00:00" in rows


def test_json_is_all_there_is_on_stdout(call: Callable[..., Any]) -> None:
    assert json.loads(call("run", "--sample", "--json").stdout)["sample"] is True


@pytest.mark.parametrize("code", [0, 1])
def test_the_exit_code_is_the_runs(
    call: Callable[..., Any], summary: dict[str, Any], code: int
) -> None:
    summary["exit_code"] = code
    assert call("run", "--sample").exit_code == code


def test_doctor_prints_a_line_each(call: Callable[..., Any], home: Path) -> None:
    result = call("doctor")
    assert result.exit_code == 0, result.output
    rows = dict(row.split(maxsplit=1) for row in result.output.splitlines())
    assert rows["warehouse"] == str(home / "warehouse.duckdb")
    assert rows["problems"] == "none"


def test_a_problem_is_an_exit_code(
    call: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ops.doctor.PACKAGES", ("no-such-package",))
    result = call("doctor")
    assert result.exit_code == 1
    assert "no-such-package is not installed" in result.output


def test_airflows_own_command_line_works_in_this_deployment(
    home: Path, run_onefold: Callable[..., Any]
) -> None:
    done = run_onefold(["airflow", "config", "get-value", "core", "dags_folder"], home)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("/dags")
    assert (home / "airflow").is_dir()
    wrong = run_onefold(["airflow", "backfill", "create", "--from-date", "2026-05-01"], home)
    assert wrong.returncode == 2
    assert "--to-date" in wrong.stderr
