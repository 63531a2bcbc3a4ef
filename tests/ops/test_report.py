"""The end of a run as data: what went wrong, and whether anything changed."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ops import progress, stages
from ops.report import summarise
from ops.run import summary_path
from ops.state import ensure_state, record_run
from warehouse.connection import connect
from warehouse.errors import DbtFailed, OnefoldError

RUN, AS_OF = "r2", "2026-06-30 12:00:00"
LOADED = {"source": "hubspot", "file": "a.csv", "status": "loaded", "run_id": RUN,
          "rows_loaded": 10, "rows_rejected": 0, "rows_skipped": 1, "load_seq": 1}  # fmt: skip
SYNC = {"run_id": RUN, "sync": "people", "status": "done", "adds": 2, "changes": 0, "removes": 0,
        "skips": 1, "sent": 2, "failed": 0, "unknown": 0, "withheld": 0}  # fmt: skip

Outcome = Callable[..., None]


def summary(as_of: str | None = AS_OF) -> dict[str, Any]:
    """The summary of the current home's run."""
    with connect("test") as con:
        ensure_state(con)
        return summarise(con, RUN, as_of)


def test_a_good_run_has_no_problems(home: Path, outcome: Outcome) -> None:
    outcome(loads=[LOADED], syncs=[SYNC],
            gates=[{"run_id": RUN, "gate": "marts", "status": "passed"}])  # fmt: skip
    with progress.stage(RUN, "ingest"):
        pass
    found = summary()
    assert (found["problems"], found["status"], found["exit_code"]) == ([], "done", 0)
    assert found["people"] == {"people": 2, "records": 3}
    assert found["gates"] == [{"gate": "marts", "status": "passed", "expectations": 1}]
    assert [s["stage"] for s in found["stages"]] == ["ingest"]
    assert not found["is_unchanged"]


def test_sources_count_this_run_and_all_runs(home: Path, outcome: Outcome) -> None:
    earlier = LOADED | {"run_id": "r1", "rows_loaded": 5, "rows_rejected": 2, "rows_skipped": 7}
    first = earlier | {"source": "zendesk", "load_seq": 0}
    outcome(loads=[LOADED, earlier, first])
    found = summary()["sources"]
    assert [s["source"] for s in found] == ["zendesk", "hubspot"]
    assert found[1] == {
        "source": "hubspot", "files": 2, "new_files": 1, "rows_total": 15, "rows_landed": 10,
        "rejected_total": 2, "rejected": 0, "skipped": 1, "refused": 0,
    }  # fmt: skip
    assert summary()["problems"] == [], "what an earlier run rejected is not this run's problem"


@pytest.mark.parametrize(
    ("left", "problem"),
    [
        ({"loads": [LOADED | {"status": "refused", "message": "Lead.csv is cut off; export again",
                              "run_id": "r1"}]},
         "refused: Lead.csv is cut off; export again"),
        ({"loads": [LOADED | {"rows_rejected": 3}]},
         "rejected: 3 line(s) of hubspot; see ops.rejects or `onefold ingest status`"),
        ({"gates": [{"run_id": RUN, "gate": "marts", "status": "blocked", "message": "No rows."}]},
         "marts gate: No rows."),
        ({"gates": [{"run_id": RUN, "gate": "plan:people", "status": "error", "message": "Gone."}]},
         "plan:people gate: Gone."),
        ({"credits": {"linear": "100.00", "u_shaped": "99.99"}},
         "u_shaped attributes 99.99 of 100.00 USD"),
    ],
)  # fmt: skip
def test_what_went_wrong_is_a_problem_and_an_exit_code(
    home: Path, outcome: Outcome, left: dict[str, Any], problem: str
) -> None:
    outcome(**left)
    found = summary()
    assert (found["problems"], found["status"], found["exit_code"]) == ([problem], "problems", 1)


@pytest.mark.parametrize("status", ["passed", "warned", "quarantined"])
def test_what_a_gate_lets_pass_is_a_message_and_no_problem(
    home: Path, outcome: Outcome, status: str
) -> None:
    rows = [
        {"run_id": RUN, "gate": "marts", "status": status, "message": "9 of 10."},
        {"run_id": "r1", "gate": "marts", "status": "blocked", "message": "Earlier."},
    ]
    outcome(gates=rows)  # fmt: skip
    found = summary()
    assert found["problems"] == []
    assert len(found["gate_messages"]) == (status != "passed")


def test_a_failed_stage_is_a_problem(home: Path, outcome: Outcome) -> None:
    outcome()
    with pytest.raises(OnefoldError), progress.stage(RUN, "sync people"):
        raise OnefoldError("3 failed; they go again")
    assert summary()["problems"] == ["stage sync people failed: 3 failed; they go again"]


def test_a_stage_that_was_run_again_counts_once(home: Path, outcome: Outcome) -> None:
    outcome()
    with progress.stage(RUN, "staging"):
        pass
    with pytest.raises(ValueError), progress.stage(RUN, "publish"):
        raise ValueError
    with progress.stage(RUN, "staging"), progress.stage(RUN, "publish"):
        pass
    found = summary()
    assert found["problems"] == []
    assert [(s["stage"], s["event"]) for s in found["stages"]] == [
        ("staging", "done"), ("publish", "done"),
    ]  # fmt: skip


def test_a_killed_stage_is_a_problem(home: Path, outcome: Outcome) -> None:
    """The kernel leaves no time for a last word."""
    outcome()
    progress.emit(RUN, stage="marts", event="started")
    found = summary()
    assert found["problems"] == ["stage marts failed: killed before its end; clear its task"]
    assert found["exit_code"] == 1
    with connect("test") as con:
        record_run(con, found, None)
        stages = con.execute("select stage, status from state.run_stages").fetchall()
    assert stages == [("marts", "failed")]


@pytest.mark.parametrize(
    ("later", "is_unchanged"),
    [
        ({"loads": [LOADED | {"run_id": "r1"}], "syncs": [SYNC | {"sent": 0}]}, True),
        ({"loads": [LOADED]}, False),
        ({"syncs": [SYNC]}, False),
        ({"credits": {"linear": "100.00"}}, False),
    ],
)
def test_unchanged_means_no_rows_no_sends_and_the_same_marts(
    home: Path, outcome: Outcome, later: dict[str, Any], is_unchanged: bool
) -> None:
    outcome()
    assert not summary()["is_unchanged"], "nothing ran before"
    with connect("test") as con:
        record_run(con, summary() | {"run_id": "r1"}, None)
    outcome(**later)
    assert summary()["is_unchanged"] == is_unchanged


def test_a_home_of_the_sample_is_scored_against_its_truth(
    home: Path, outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    from types import SimpleNamespace

    asked = []

    def evaluate(_: Any, truth: Path) -> Any:
        asked.append(truth)
        return SimpleNamespace(precision=0.99756, recall=None, unreachable=9,
                               baseline_precision=0.5)  # fmt: skip

    monkeypatch.setattr("identity.evaluate.evaluate", evaluate)
    outcome()
    (home / "sample.txt").write_text("sample")
    assert summary()["people"] == {
        "people": 2, "records": 3, "precision": 0.9976, "recall": None,
        "pairs_without_evidence": 9, "precision_of_plain_components": 0.5,
    }  # fmt: skip
    assert asked[0].exists()


def test_a_run_whose_landing_failed_in_a_new_home_is_reported(home: Path) -> None:
    with pytest.raises(OnefoldError), progress.stage(RUN, "ingest"):
        raise OnefoldError("the declaration of hubspot has no key")
    assert stages.report(RUN, None) == [
        "stage ingest failed: the declaration of hubspot has no key"
    ]
    written = json.loads(summary_path(RUN).read_text())
    assert written["problems"] == ["stage ingest failed: the declaration of hubspot has no key"]
    assert (written["as_of"], written["sources"], written["people"]) == (None, [], {})
    with connect("test") as con:
        assert con.execute("select run_id, exit_code from state.runs").fetchall() == [(RUN, 1)]


def test_documentation_that_fails_is_a_problem_of_a_reported_run(
    home: Path, outcome: Outcome, monkeypatch: pytest.MonkeyPatch
) -> None:
    def docs(_: str) -> None:
        raise DbtFailed("dbt docs did not run")

    monkeypatch.setattr("warehouse.dbt.docs", docs)
    outcome()
    assert stages.report(RUN, AS_OF) == ["stage docs failed: dbt docs did not run"]
    written = json.loads(summary_path(RUN).read_text())
    assert written["problems"] == ["stage docs failed: dbt docs did not run"]


def test_how_fresh_each_source_is_comes_with_the_summary(
    home: Path, outcome: Outcome, warehouse_with: Callable[..., None]
) -> None:
    outcome(loads=[LOADED])
    assert summary()["freshness"] == [], "an earlier version's warehouse has no such table"
    columns = "source varchar, last_event_at timestamp, age_days double, status varchar"
    warehouse_with({"state.source_freshness": (columns, [
        {"source": "hubspot", "last_event_at": "2026-06-20 12:00:00", "age_days": 10.0,
         "status": "stale"},
        {"source": "billing", "status": "absent"},
    ])})  # fmt: skip
    found = summary()
    assert found["freshness"] == [
        {"source": "billing", "last_event_at": None, "age_days": None, "status": "absent"},
        {"source": "hubspot", "last_event_at": "2026-06-20 12:00:00", "age_days": 10.0,
         "status": "stale"},
    ]  # fmt: skip
    assert found["problems"] == [], "the gate decides whether it is one"


@pytest.mark.parametrize("day", [None, "", "2026-02-30", "2026-05-03T00:00:00"])
def test_a_day_that_is_none_lands_nothing_and_says_how_to_name_one(
    home: Path, day: str | None
) -> None:
    with pytest.raises(stages.NoDay, match="expected a day such as 2026-05-03") as refused:
        stages.land_day("r1", day)
    assert "backfill create --dag-id land_day" in str(refused.value)
    ((_, ended),) = [progress.read("land_day.r1")]
    assert (ended["event"], ended["detail"]) == ("failed", {})
