"""The DAG conducts and nothing else: read as Airflow reads it, in a process of its own."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
TAGS = {"cdp"}
"""The closed vocabulary of tags; a new one is added here first."""
FROM_STANDARD_LIBRARY = {"datetime"}
READ = """
import json, sys
from pathlib import Path
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization

folder = Path(sys.argv[1])
bag = DagBag(folder, bundle_path=folder, bundle_name="dags-folder")
dags = {
    name: {
        "doc": dag.doc_md, "tags": sorted(dag.tags), "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs, "is_paused": dag.is_paused_upon_creation,
        "end": dag.end_date and dag.end_date.isoformat(),
        "run_types": sorted(t.value for t in dag.allowed_run_types or []),
        "timetable": DagSerialization.serialize_dag(dag)["timetable"],
        "tasks": {
            task.task_id: {
                "downstream": sorted(task.downstream_task_ids), "pool": task.pool,
                "rule": str(task.trigger_rule.value), "retries": task.retries,
                "is_mapped": task.is_mapped,
                "on_failure": [type(c).__name__ for c in task.on_failure_callback or []],
            }
            for task in dag.tasks
        },
    }
    for name, dag in bag.dags.items()
}
print("\\n" + json.dumps({"errors": bag.import_errors, "dags": dags}))
"""


def modules() -> list[Path]:
    """Every module of the DAG folder."""
    found = sorted((ROOT / "dags").rglob("*.py"))
    assert found
    return found


@pytest.fixture(scope="module")
def bag(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What Airflow finds in the DAG folder."""
    home = tmp_path_factory.mktemp("airflow")
    env = {k: v for k, v in os.environ.items() if not k.startswith(("AIRFLOW", "ONEFOLD"))}
    env |= {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{home}/airflow.db",
    }
    result = subprocess.run(
        [sys.executable, "-c", READ, str(ROOT / "dags")],
        env=env, cwd=home, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def tasks(bag: dict[str, Any]) -> dict[str, Any]:
    """The tasks of the main job, by id."""
    found: dict[str, Any] = bag["dags"]["cdp_daily"]["tasks"]
    return found


def test_every_module_is_a_dag_that_imports(bag: dict[str, Any]) -> None:
    assert bag["errors"] == {}
    assert set(bag["dags"]) == {file.stem for file in modules()}


def test_every_dag_says_what_to_do_if_it_fails(bag: dict[str, Any]) -> None:
    for name, dag in bag["dags"].items():
        before, _, after = dag["doc"].partition("### If it fails")
        assert "### What it does" in before, name
        assert len(after.strip().splitlines()) >= 3, name


def test_the_notes_speak_of_things_that_exist(bag: dict[str, Any]) -> None:
    python = "\n".join(f.read_text() for f in ROOT.glob("*/*.py"))
    settings = (ROOT / ".env.example").read_text()
    sources = "\n".join(f.read_text() for f in ROOT.glob("dbt_project/models/staging/*/*.yml"))
    for name, dag in bag["dags"].items():
        words = {w for w in re.findall(r"`([^`]+)`", dag["doc"]) if re.fullmatch(r"\w+", w)}
        assert words & set(dag["tasks"]), name
        odd = [
            w
            for w in words - set(dag["tasks"]) - set(bag["dags"]) - {"_READY"}
            if f"class {w}(" not in python and f"{w.upper()}=" not in settings
            and f" {w}: " not in sources
        ]  # fmt: skip
        assert not odd, name


def test_the_clock_and_the_marker_start_the_main_job(bag: dict[str, Any]) -> None:
    found = bag["dags"]["cdp_daily"]
    assert found["timetable"]["__type"].endswith("AssetOrTimeSchedule")
    text = json.dumps(found["timetable"])
    assert '"0 0 * * *"' in text
    assert "exports_ready" in text
    assert "ops.ready.ReadyTrigger" in text, "@asset(watchers=…) would have dropped the watcher"
    assert found["run_types"] == ["asset_triggered", "manual", "scheduled"]


def test_a_past_day_is_a_partition_that_no_clock_starts(bag: dict[str, Any]) -> None:
    found = bag["dags"]["land_day"]
    assert found["timetable"]["__type"].endswith("CronPartitionTimetable")
    assert found["timetable"]["__var"]["key_format"] == "%Y-%m-%d"
    assert (found["catchup"], found["max_active_runs"], found["is_paused"]) == (False, 1, False)
    assert set(found["tasks"]) == {"land"}
    assert found["end"] is not None and found["end"] < "2026"


def test_who_closes_a_run_tells_of_its_problems(bag: dict[str, Any]) -> None:
    callbacks = {
        f"{name}.{task}": found["on_failure"]
        for name, dag in bag["dags"].items()
        for task, found in dag["tasks"].items()
        if found["on_failure"]
    }
    assert callbacks == {"cdp_daily.report": ["Alert"], "land_day.land": ["Alert"]}


def test_tags_are_of_a_closed_vocabulary(bag: dict[str, Any]) -> None:
    for name, dag in bag["dags"].items():
        assert dag["tags"], name
        assert set(dag["tags"]) <= TAGS, name


def test_the_order_is_the_road(tasks: dict[str, Any]) -> None:
    order = [
        ("ingest", "staging"), ("staging", "identity"), ("identity", "marts"),
        ("marts", "gate_marts"), ("gate_marts", "publish"), ("gate_marts", "plan"),
        ("plan", "sync"), ("publish", "report"), ("sync", "report"),
    ]  # fmt: skip
    assert {task for pair in order for task in pair} == set(tasks)
    edges = {(a, b) for a, task in tasks.items() for b in task["downstream"]}
    # The clock that ingest returns is an edge to every task that works at it.
    assert edges - {("ingest", b) for b in tasks} == set(order) - {("ingest", "staging")}
    assert ("ingest", "staging") in edges
    assert {b for a, b in edges if a == "ingest"} == set(tasks) - {"ingest", "sync"}


def test_one_writer_at_a_time(bag: dict[str, Any], tasks: dict[str, Any]) -> None:
    from ops.airflow_home import POOL

    assert POOL == "duckdb_writer"
    everywhere = [task for dag in bag["dags"].values() for task in dag["tasks"].values()]
    assert {task["pool"] for task in everywhere} == {POOL}
    dag = bag["dags"]["cdp_daily"]
    assert (dag["max_active_runs"], dag["catchup"]) == (1, False)


def test_a_failure_stops_what_follows_but_not_the_report(tasks: dict[str, Any]) -> None:
    rules = {name: task["rule"] for name, task in tasks.items()}
    assert rules.pop("report") == "all_done"
    assert set(rules.values()) == {"all_success"}
    assert {task["retries"] for task in tasks.values()} == {0}
    assert [name for name, task in tasks.items() if task["is_mapped"]] == ["sync"]


@pytest.mark.parametrize("module", modules(), ids=lambda file: file.name)
def test_a_dag_module_imports_airflows_sdk_and_ops_only(module: Path) -> None:
    found = []
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a DAG never imports from its folder"
            found.append(str(node.module))
    assert found
    odd = [
        name
        for name in found
        if name not in FROM_STANDARD_LIBRARY and name != "ops"
        and not name.startswith(("airflow.sdk", "ops."))
    ]  # fmt: skip
    assert not odd


@pytest.mark.parametrize("module", modules(), ids=lambda file: file.name)
def test_a_dag_module_holds_no_logic(module: Path) -> None:
    logic = (ast.For, ast.While, ast.Try, ast.ListComp, ast.DictComp, ast.GeneratorExp, ast.Lambda)
    assert not [node for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, logic)]
