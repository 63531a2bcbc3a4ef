"""The semantic layer parses in the ordinary environment, and each metric says what it is."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from warehouse.publish import contract
from warehouse.settings import PROJECT_ROOT

PROJECT = PROJECT_ROOT / "dbt_project"
Metrics = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """dbt's artifacts of the project, and what parsing printed, in `printed`."""
    target = tmp_path_factory.mktemp("target")
    done = subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", "parse", "--project-dir", str(PROJECT),
         "--profiles-dir", str(PROJECT), "--target-path", str(target), "--log-path", str(target)],
        capture_output=True, text=True, check=False, cwd=target,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    (target / "printed").write_text(done.stdout)
    return target


@pytest.fixture(scope="module")
def semantics(parsed: Path) -> dict[str, Any]:
    """What MetricFlow reads."""
    found: dict[str, Any] = json.loads((parsed / "semantic_manifest.json").read_text())
    return found


@pytest.fixture(scope="module")
def metrics(semantics: dict[str, Any]) -> Metrics:
    """The metrics that people may ask for, by name."""
    found = {m["name"]: m for m in semantics["metrics"] if not m["type_params"]["is_private"]}
    assert len(found) > 30
    return found


def test_dbt_parses_the_semantic_layer_without_a_warning(parsed: Path) -> None:
    printed = (parsed / "printed").read_text()
    assert "Performance info" in printed
    assert not re.findall(r".*(?:warning|error|deprecat).*", printed, re.IGNORECASE)


def test_every_metric_says_its_formula(metrics: Metrics, semantics: dict[str, Any]) -> None:
    hidden = {m["name"]: m for m in semantics["metrics"] if m["name"] not in metrics}
    assert not [m["name"] for m in hidden.values() if m["type"] != "simple"]
    for name, metric in metrics.items():
        says, params = metric["description"], metric["type_params"]
        assert metric["label"], name
        if metric["type"] == "simple":
            column = re.findall(r"\w+_usd|^\w+$", params["expr"])[0]
            assert says.startswith(f"Sum of {column}"), name
        elif "/" in (params["expr"] or "/"):
            assert " / " in says, name
            assert "null" in says.lower(), name
        elif name in ("pipeline_velocity", "ltv", "ltv_to_cac", "payback_months"):
            assert re.search(r" [x/] ", says), name
            assert "null unless of one month" in says, name
        else:
            assert says.startswith("Sum of "), name
            assert "Null " in says, name


def test_what_each_model_repeats_is_null_unless_of_one_model(
    metrics: Metrics, semantics: dict[str, Any]
) -> None:
    repeats = {
        model["name"]
        for model in semantics["semantic_models"]
        if "model" in [entity["name"] for entity in model["entities"]]
    }
    assert repeats == {"channel_attribution", "channel_costs_of_customers"}
    every = {m["name"]: m for m in semantics["metrics"]}

    def home(metric: dict[str, Any]) -> set[str]:
        if metric["type"] == "simple":
            return {metric["type_params"]["metric_aggregation_params"]["semantic_model"]}
        params = metric["type_params"]
        parts = [params["numerator"], params["denominator"], *(params["metrics"] or [])]
        return {name for part in parts if part for name in home(every[part["name"]])}

    guarded = [n for n, m in metrics.items() if home(m) & repeats]
    assert len(guarded) == 9
    assert all(
        metrics[n]["type_params"]["expr"].startswith("case when models = 1") for n in guarded
    )
    assert not [n for n in guarded if "unless of one model" not in metrics[n]["description"]]


def test_what_metrics_read_is_published(semantics: dict[str, Any]) -> None:
    tables = {f"{m['node_relation']['schema_name']}.{m['node_relation']['alias']}"
              for m in semantics["semantic_models"]}  # fmt: skip
    [spine] = semantics["project_configuration"]["time_spines"]
    tables.add(f"{spine['node_relation']['schema_name']}.{spine['node_relation']['alias']}")
    assert len(tables) == 8
    assert tables <= set(contract())
