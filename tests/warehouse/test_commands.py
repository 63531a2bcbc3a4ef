"""`onefold publish` asks the gate first."""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from ops.state import DDL
from warehouse.commands import register
from warehouse.errors import OnefoldError
from warehouse.publish import Published

RUNS = [
    {"run_id": "old", "as_of": "2026-06-29", "finished_at": "2026-06-29 01:00:00"},
    {"run_id": "new", "as_of": "2026-06-30", "finished_at": "2026-06-30 01:00:00"},
    {"run_id": "landed nothing", "finished_at": "2026-07-01 01:00:00"},
]


@pytest.fixture
def call(home: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Run the command with the gate's answer; returns (result, what was asked and published)."""

    def run(*args: str, problems: tuple[str, ...] = ()) -> Any:
        asked: list[Any] = []

        def gate(run_id: str, as_of: str) -> Any:
            asked.append(("gate", run_id, as_of))
            return SimpleNamespace(is_blocked=bool(problems), problems=problems)

        def write(run_id: str, as_of: str) -> Published:
            asked.append(("publish", run_id, as_of))
            return Published(Path("/bi.duckdb"), {"marts.a": 1200, "marts.b": 34})

        monkeypatch.setattr("expectations.gates.gate_marts", gate)
        monkeypatch.setattr("warehouse.publish.publish", write)
        app = typer.Typer()
        app.callback()(lambda: None)
        register(app)
        return CliRunner().invoke(app, ["publish", *args]), asked

    return run


@pytest.fixture
def runs(home: Path, warehouse_with: Callable[..., None]) -> None:
    columns = DDL[1].split("(", maxsplit=1)[1].rsplit(")", maxsplit=1)[0]
    warehouse_with({"state.runs": (columns, RUNS)})


@pytest.mark.usefixtures("runs")
def test_the_last_run_that_landed_is_judged_and_published(call: Callable[..., Any]) -> None:
    result, asked = call()
    assert result.exit_code == 0, result.output
    assert [(what, run) for what, run, _ in asked] == [("gate", "new"), ("publish", "new")]
    assert {as_of for _, _, as_of in asked} == {"2026-06-30 00:00:00"}
    assert "1,234 rows to /bi.duckdb" in result.output


@pytest.mark.usefixtures("runs")
def test_json_is_for_machines(call: Callable[..., Any]) -> None:
    result, _ = call("--json")
    assert json.loads(result.output) == {
        "published": "/bi.duckdb", "rows": {"marts.a": 1200, "marts.b": 34},
    }  # fmt: skip


@pytest.mark.usefixtures("runs")
def test_a_blocked_build_is_not_published(call: Callable[..., Any]) -> None:
    result, asked = call(problems=("revenue does not reconcile",))
    assert result.exit_code == 1
    assert "blocked: revenue does not reconcile" in result.output
    assert [what for what, *_ in asked] == ["gate"]


def test_before_the_first_run_it_says_what_to_do(
    call: Callable[..., Any], warehouse_with: Callable[..., None]
) -> None:
    warehouse_with({"state.loads": ("file varchar", [])})
    result, asked = call()
    assert isinstance(result.exception, OnefoldError)
    assert "onefold run" in str(result.exception)
    assert not asked
