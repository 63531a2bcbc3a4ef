"""`onefold doctor`: where everything is, and what is wrong."""

import json
import shutil
import subprocess
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import pytest

from ops import doctor
from warehouse.settings import settings

PATHS = ("home", "warehouse", "published", "landing", "data_docs", "dbt_docs", "airflow_home",
         "outbox", "ledger")  # fmt: skip


def test_json_names_the_paths_and_versions(
    home: Path, run_onefold: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    result = run_onefold(["doctor", "--json"], home)
    assert result.returncode == 0, result.stdout + result.stderr
    found = json.loads(result.stdout)
    s = settings()
    assert {name: found[name] for name in PATHS} == {name: str(getattr(s, name)) for name in PATHS}
    assert set(found["versions"]) == set(doctor.PACKAGES)
    assert found["versions"]["duckdb"][0].isdigit()
    assert found["problems"] == []
    assert found["has_run"] is False
    assert not list(home.iterdir()), "looking changes nothing"


def test_a_home_that_has_run_says_so(home: Path) -> None:
    settings().warehouse.touch()
    assert doctor.examine()["has_run"]


def test_a_home_that_is_not_there_yet_is_no_problem(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONEFOLD_HOME", str(home / "not" / "yet"))
    assert doctor.examine()["problems"] == []
    assert not (home / "not").exists()


def test_what_is_wrong_says_what_to_do(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")(10, 9, 1024**3)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    monkeypatch.setattr(doctor, "PACKAGES", ("duckdb", "no-such-package"))
    monkeypatch.setattr(doctor.platform, "python_version_tuple", lambda: ("3", "10", "2"))
    space, python, package = doctor.examine()["problems"]
    assert "1.0 GiB free; make room" in space
    assert "is not one of 3.11-3.13" in python
    assert package == "no-such-package is not installed; run `make run`"
