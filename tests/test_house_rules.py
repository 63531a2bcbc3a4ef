"""What the house asks of every room, read from the tree and from dbt's manifest."""

import ast
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent
PACKAGES = (
    "ingestion",
    "warehouse",
    "identity",
    "attribution",
    "expectations",
    "activation",
    "simulator",
    "ops",
)
MODEL_LINES, PYTHON_LINES = 100, 400
CLOCKS = re.compile(r"\b(current_timestamp|current_date|now\(\)|today\(\)|get_current_timestamp)")


def python_files() -> list[Path]:
    """Every Python file that a person maintains."""
    files = [f for room in (*PACKAGES, "dags", "tests") for f in (ROOT / room).rglob("*.py")]
    assert len(files) > 50
    return files


def models() -> list[Path]:
    """Every dbt model."""
    files = sorted((ROOT / "dbt_project" / "models").rglob("*.sql"))
    assert len(files) > 40
    return files


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """dbt's own view of the project."""
    target = tmp_path_factory.mktemp("target")
    project = str(ROOT / "dbt_project")
    subprocess.run(
        [sys.executable, "-m", "dbt.cli.main", "parse", "--project-dir", project,
         "--profiles-dir", project, "--target-path", str(target), "--log-path", str(target)],
        check=True, capture_output=True, cwd=target,
    )  # fmt: skip
    parsed: dict[str, Any] = json.loads((target / "manifest.json").read_text())
    return parsed


def test_files_stay_small() -> None:
    long = [f for f in python_files() if len(f.read_text().splitlines()) > PYTHON_LINES]
    long += [f for f in models() if len(f.read_text().splitlines()) > MODEL_LINES]
    assert not long


def test_models_end_with_select_star_from_the_last_cte() -> None:
    odd = [
        f.name
        for f in models()
        if not re.search(r"\n\nselect \* from \w+\n$", f.read_text()) or "\t" in f.read_text()
    ]
    assert not odd


def test_no_model_reads_the_wall_clock() -> None:
    found = [f.name for f in models() if CLOCKS.search(f.read_text().lower())]
    assert not found


def test_staging_never_joins_or_truncates() -> None:
    staging = [f for f in models() if f.name.startswith("stg_")]
    assert len(staging) > 10
    unquoted = {f.name: re.sub(r'"[^"]*"', "", f.read_text().lower()) for f in staging}
    assert not [name for name, text in unquoted.items() if re.search(r"\bjoin\b|date_trunc", text)]


def test_staging_takes_the_newest_row_without_the_columns_that_order_it() -> None:
    newest = [
        (f.name, line)
        for f in models()
        for line in re.findall(r"([^\n]+)\n *\{\{ latest_(?:file_)?by_key\(", f.read_text())
    ]
    assert len(newest) > 30
    assert not [found for found in newest if "select *" in found[1]]
    assert not [f.name for f in models() if "max(_load_id)" in f.read_text()]


def test_staging_casts_by_the_macros_that_quality_counts() -> None:
    macros = ROOT / "dbt_project" / "macros" / "staging"
    defined = {
        name
        for file in (macros / "casts").glob("*.sql")
        for name in re.findall(r"macro (\w+)\(", file.read_text())
        if not name.endswith("_fails")
    } - {"portal_time", "any_item"}  # parts of others
    listed = re.search(r"return\(\[(.*?)\]\)", (macros / "cast_checks.sql").read_text(), re.DOTALL)
    assert listed
    assert set(re.findall(r'"(\w+)"', listed[1])) == defined
    assert len(defined) > 20

    # Nothing else turns a text that it cannot read into null: decoding a URL keeps it.
    silent = r"try_cast|try_strptime|strptime\(|\btry\(|\bepoch_ms\(|make_timestamp|from_json"
    staging = [f for f in models() if f.parts[-3] == "staging"]
    bare = [f.name for f in [*staging, *macros.glob("*.sql")] if re.search(silent, f.read_text())]
    assert bare == ["url.sql"]

    # The counting finds a cast by its name and the raw column in quotes behind it.
    calls = [
        (f.name, call)
        for f in staging
        for call in re.findall(rf"\b(?:{'|'.join(defined)})\(\s*(\S)", f.read_text())
    ]
    assert len(calls) > 100
    assert not [call for call in calls if call[1] != '"']


def test_names_follow_the_house() -> None:
    allowed = {
        "staging": r"stg_[a-z_]+__[a-z0-9_]+",
        "sync": r"sync_[a-z0-9_]+__[a-z_]+",
        "marts": r"(dim|fct|int)_[a-z_]+|conversion_touches"
        r"|(channel|campaign)_(attribution|influence)"
        r"|person_accounts|account_suggestions|buying_groups|household_members"
        r"|conversion_paths|position_attribution|time_to_convert"
        r"|lift_results|attribution_calibration|mmm_weekly(_outcomes)?"
        r"|(revenue|customer_value|paid_cac|pipeline)_months|channel_costs_of_customers"
        r"|funnel_cohorts",
    }
    for folder, pattern in allowed.items():
        found = [f for f in models() if f.parts[-3] == folder or f.parent.name == folder]
        assert found, folder
        assert not [f.name for f in found if not re.fullmatch(pattern, f.stem)], folder


def test_every_model_says_its_grain_and_tests_a_key(manifest: dict[str, Any]) -> None:
    nodes = [n for n in manifest["nodes"].values() if n["resource_type"] == "model"]
    in_python = list((ROOT / "dbt_project" / "models").rglob("*.py"))
    assert len(nodes) == len(models()) + len(in_python)
    silent = [n["name"] for n in nodes if not n["description"].startswith("One row per ")]
    tested = {
        parent
        for n in manifest["nodes"].values()
        if n["resource_type"] == "test"
        and (n.get("test_metadata") or {}).get("name") in ("unique", "unique_key")
        for parent in n["depends_on"]["nodes"]
    }
    keyless = [n["name"] for n in nodes if n["unique_id"] not in tested and n["schema"] != "ops"]
    assert (silent, keyless) == ([], [])


def test_singular_tests_tell_why() -> None:
    files = sorted((ROOT / "dbt_project" / "tests").rglob("*.sql"))
    assert files
    untold = [f.name for f in files if "fails if" not in f.read_text().lower()[:200]]
    assert not untold


def test_every_seed_is_described(manifest: dict[str, Any]) -> None:
    seeds = [n for n in manifest["nodes"].values() if n["resource_type"] == "seed"]
    assert len(seeds) == len(list((ROOT / "seeds" / "rules").glob("*.csv"))) > 10
    assert not [s["name"] for s in seeds if not s["description"].startswith("One row per ")]


def test_public_functions_have_docstrings() -> None:
    bare = [
        f"{file.name}:{node.name}"
        for file in python_files()
        if "tests" not in file.parts
        for node in ast.parse(file.read_text()).body
        if isinstance(node, ast.FunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert not bare


def test_no_broad_except() -> None:
    found = [
        f"{file}:{node.lineno}"
        for file in python_files()
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or (isinstance(node.type, ast.Name) and node.type.id == "Exception"))
    ]
    assert not found


def test_commits_and_swaps_go_through_the_warehouse() -> None:
    outside = [
        f.name
        for f in python_files()
        if "tests" not in f.parts
        and re.search(r"os\.(replace|rename)\(|execute\(\"commit\"\)|\.commit\(\)", f.read_text())
        and f.name not in ("files.py", "connection.py", "ledger.py", "receiver.py")
    ]
    assert not outside


def test_env_example_lists_every_setting() -> None:
    from warehouse.settings import Settings

    text = (ROOT / ".env.example").read_text()
    assert not [n for n in Settings.model_fields if f"ONEFOLD_{n.upper()}=" not in text]


def test_sources_yaml_is_where_formats_live() -> None:
    files = sorted((ROOT / "dbt_project" / "models" / "staging").glob("*/_*__sources.yml"))
    assert len(files) >= 5
    for file in files:
        source = yaml.safe_load(file.read_text())["sources"][0]
        assert source["name"] == file.parent.name
        assert (ROOT / "docs" / "sources" / f"{source['name']}.md").exists()
