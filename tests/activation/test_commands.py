"""`onefold sync`: what it prints, what it sends, and how it exits."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner

from activation import commands, config
from activation.runner import run_syncs
from warehouse.connection import connect
from warehouse.errors import OnefoldError
from warehouse.settings import settings

RUNNER = CliRunner()
LIST = {
    "description": "A list.",
    "owner": "tests",
    "model": "sync_memory__people",
    "destination": "csv_file",
    "mode": "mirror",
    "purpose": "email_marketing",
    "fields": {"mail": "email", "score": "score"},
}


@pytest.fixture
def onefold(kit: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The command line over a syncs.yml of two syncs and a gate that lets everything pass."""
    path = tmp_path / "syncs.yml"
    hook = LIST | {"destination": "webhook", "connection": "nowhere", "first_run": "allow"}
    path.write_text(yaml.safe_dump({"syncs": {"people": LIST, "hook": hook}}))
    monkeypatch.setattr(config, "SYNCS_FILE", path)
    monkeypatch.setattr("activation.runner.plan_gate", lambda *_: {})
    monkeypatch.setattr(run_syncs, "__kwdefaults__", {"approve": "", "gate": lambda *_: {}})
    app = typer.Typer()
    commands.register(app)
    app.command("other")(lambda: None)

    def call(*args: str) -> tuple[int, str]:
        result = RUNNER.invoke(app, ["sync", *args])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.output

    return call


def test_plan_apply_history(onefold: Any, kit: Any) -> None:
    kit.write_model({"a": ("a@x.test", 1), "n": ("suppressed",)})
    clock = ("--as-of", kit.as_of)
    code, text = onefold("plan", "people", *clock)
    assert code == 1 and "first run: 1 records would be added" in text
    assert "suppressed" in text and "@" not in text
    code, text = onefold("plan", "--json", *clock)
    people, hook = sorted(json.loads(text), key=lambda p: p["sync"] != "people")
    assert (people["adds"], people["skips"], hook["is_configured"]) == (1, 1, False)
    code, text = onefold("apply", *clock)
    assert code == 1 and "people: stopped, nothing sent" in text and "hook: not_configured" in text
    assert not settings().outbox.exists()
    code, text = onefold("apply", "people", "--approve", "checked", *clock)
    assert (code, text) == (
        0, "people: done, 1 sent, 0 failed, 0 unknown, 0 withheld, 0 not tried\n",
    )  # fmt: skip
    assert (settings().outbox / "csv_file" / "people.csv").exists()
    # The clock of the last run serves where none is given.
    code, text = onefold("apply", "people", "--json")
    assert code == 0 and json.loads(text)[0]["delivery"]["sent"] == 0
    code, text = onefold("history", "p_a")
    assert code == 0 and "skip    unchanged" in text and "add     sent, allowed" in text
    assert json.loads(onefold("history", "p_n", "--json")[1])["decisions"][0]["reason"] == (
        "suppressed"
    )


def test_a_clock_that_is_none_is_bad_usage(
    onefold: Any, kit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit.write_model({"a": ("a@x.test", 1)})
    for command in ("plan", "apply"):
        with pytest.raises(OnefoldError, match="expected an ISO timestamp"):
            onefold(command, "people", "--as-of", "yesterday")
        with pytest.raises(OnefoldError, match="expected an earlier run"):
            onefold(command, "people")
    with connect("test set-up") as con:
        con.execute("create schema raw_google_ads")
        con.execute("create table raw_google_ads.campaign_report as select '2026-05-04' as Day")
        con.execute("create schema raw_web_events")
        con.execute(
            "create table raw_web_events.events as select '2026-05-04T10:00:00.001Z' as timestamp"
        )
    monkeypatch.setenv("ONEFOLD_AS_OF", "latest_event")
    (planned,) = json.loads(onefold("plan", "people", "--json")[1])
    assert planned["as_of"] == "2026-05-04 10:00:01"
    monkeypatch.setenv("ONEFOLD_AS_OF", "2026-05-04T02:00:00+02:00")
    (planned,) = json.loads(onefold("plan", "people", "--json")[1])
    assert planned["as_of"] == "2026-05-04 00:00:00"


def test_an_approval_names_its_sync(onefold: Any, kit: Any) -> None:
    assert onefold("apply", "--approve", "all of it", "--as-of", kit.as_of)[0] == 2


def test_a_blocked_plan_sends_nothing(kit: Any) -> None:
    kit.write_model({"a": ("a@x.test", 1)})
    sync = kit.make_sync()
    result = run_syncs(
        [sync], "one", kit.as_of, gate=lambda *_: {"people": ["plan_consent_granted: no"]}
    )[0]
    assert (result.delivery, result.problems) == (None, ["plan_consent_granted: no"])
    assert not settings().outbox.exists()
    assert run_syncs([sync], "two", kit.as_of, gate=lambda *_: {})[0].problems == []


def test_one_syncs_stop_does_not_stop_another(kit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    kit.write_model({"a": ("a@x.test", 1)})
    monkeypatch.setenv("AIRFLOW_CONN_BROKEN", "{broken")
    broken = kit.make_sync(name="hook", destination="webhook", connection="broken")
    results = run_syncs([broken, kit.make_sync()], "one", kit.as_of, gate=lambda *_: {})
    assert "AIRFLOW_CONN_BROKEN" in results[0].problems[0] and results[0].delivery is None
    assert results[1].delivery is not None and results[1].delivery.sent == 1
