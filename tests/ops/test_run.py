"""`onefold run`: what it lands, how it follows the DAG run, and what it hands back."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from ops import run as ops_run
from ops.airflow_home import run_id_of
from ops.run import RunError, copy_sample, is_new, run, summary_path
from warehouse.settings import settings

STAND_IN = """#!{python}
import json, os, pathlib, sys
_, module, dag, at, conf = sys.argv[1:]
home = pathlib.Path(os.environ["ONEFOLD_HOME"])
assert (module, dag) == ("ops.airflow_home", "cdp_daily"), sys.argv
runs = home / "runs"
name = "manual__" + at.replace(":", "_").replace("+", "_")
seen = {{k: os.environ[k] for k in os.environ if k.startswith(("AIRFLOW", "ONEFOLD"))}}
with (runs / (name + ".jsonl")).open("w") as file:
    for event in ("started", "done"):
        file.write(json.dumps({{"stage": "ingest", "event": event}}) + "\\n")
print("line 1\\n" * 20 + "the last line")
if {reports}:
    summary = {{"exit_code": 1, "env": seen, "at": at}}
    (runs / (name + ".summary.json")).write_text(json.dumps(summary))
sys.exit(3)
"""


@pytest.fixture
def stand_in(home: Path, tmp_path_factory: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Replace the interpreter that the DAG run is started with; returns what listeners heard."""

    def install(*, reports: bool) -> list[dict[str, Any]]:
        script = tmp_path_factory.mktemp("bin") / "python"
        script.write_text(STAND_IN.format(python=sys.executable, reports=reports))
        script.chmod(0o755)
        monkeypatch.setattr(ops_run.sys, "executable", str(script))
        return []

    return install


def test_events_are_heard_in_order_and_the_summary_comes_back(stand_in: Any, home: Path) -> None:
    heard = stand_in(reports=True)
    summary = run(sample=False, listen=heard.append)
    assert [e["event"] for e in heard] == ["started", "done"]
    assert summary["exit_code"] == 1, "the run's problems, not the process's exit code"
    assert summary["env"]["AIRFLOW_HOME"] == str(home / "airflow")
    assert summary_path(run_id_of(summary["at"])).exists()
    assert not (home / "landing").exists()


def test_without_a_report_it_says_where_the_log_is_and_how_it_ends(stand_in: Any) -> None:
    heard = stand_in(reports=False)
    with pytest.raises(RunError) as raised:
        run(sample=False, listen=heard.append)
    message = str(raised.value)
    assert "stopped before its report (exit 3)" in message
    assert message.endswith("the last line")
    assert message.count("line 1") == 14
    named = [word for word in message.split() if word.endswith(".log")]
    assert Path(named[0]).read_text().endswith("the last line\n")


def test_a_deployment_of_its_own_gets_no_receiver(
    stand_in: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(ops_run.WEBHOOK, raising=False)
    heard = stand_in(reports=True)
    assert ops_run.WEBHOOK not in run(sample=False, listen=heard.append)["env"]


def test_the_sample_gets_a_receiver_on_loopback_unless_one_is_configured(
    stand_in: Any, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(ops_run.WEBHOOK, raising=False)
    monkeypatch.setattr(ops_run, "copy_sample", lambda s: s.sample_marker.touch())
    heard = stand_in(reports=True)
    connection = json.loads(run(sample=True, listen=heard.append)["env"][ops_run.WEBHOOK])
    assert connection["host"].startswith("http://127.0.0.1:")
    assert len(connection["password"]) == 32
    monkeypatch.setenv(ops_run.WEBHOOK, "mine")
    assert run(sample=True, listen=heard.append)["env"][ops_run.WEBHOOK] == "mine"


def test_the_sample_lands_whole_and_again_only_where_it_is_missing(home: Path) -> None:
    s = settings()
    copy_sample(s)
    wanted = {f.relative_to(s.exports): f for f in s.exports.rglob("*") if f.is_file()}
    assert len(wanted) > 20
    landed = {f.relative_to(s.landing): f for f in s.landing.rglob("*") if f.is_file()}
    assert landed.keys() == wanted.keys()
    assert all(landed[name].read_bytes() == wanted[name].read_bytes() for name in wanted)
    assert s.sample_marker.exists()

    own, gone, *rest = landed.values()
    own.write_text("the user's own")
    gone.unlink()
    before = [f.stat().st_mtime_ns for f in rest]
    copy_sample(s)
    assert own.read_text() == "the user's own"
    assert gone.exists()
    assert [f.stat().st_mtime_ns for f in rest] == before


def test_half_a_copy_is_finished(home: Path) -> None:
    s = settings()
    name = next(f.relative_to(s.exports) for f in s.exports.rglob("*") if f.is_file())
    part = s.landing / f"{name}.part"
    part.parent.mkdir(parents=True)
    part.write_text("half")
    copy_sample(s)
    assert not part.exists()
    assert (s.landing / name).read_bytes() == (s.exports / name).read_bytes()


def test_a_home_is_new_until_something_waits_or_landed(home: Path) -> None:
    s = settings()
    assert is_new(s)
    (s.landing / "salesforce").mkdir(parents=True)
    assert is_new(s), "an empty folder is nothing to land"
    file = s.landing / "salesforce" / "Lead.csv"
    file.write_text("Id")
    assert not is_new(s)
    file.unlink()
    s.warehouse.touch()
    assert not is_new(s)
