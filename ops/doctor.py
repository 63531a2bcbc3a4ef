"""`onefold doctor`: what is installed, where things are, what is wrong."""

import importlib.metadata
import os
import platform
import shutil
from typing import Any

from warehouse.settings import Settings, settings

PACKAGES = ("apache-airflow", "dbt-core", "dbt-duckdb", "duckdb", "great-expectations", "pandas")
_FREE_BYTES = 2 * 1024**3


def examine(s: Settings | None = None) -> dict[str, Any]:
    """Versions, paths and problems; `problems` is empty in a healthy deployment."""
    s = s or settings()
    problems = []
    folder = s.home
    while not folder.exists():
        folder = folder.parent
    if not (folder.is_dir() and os.access(folder, os.W_OK)):
        problems.append(f"{folder} is no folder that can be written; set ONEFOLD_HOME")
    free = shutil.disk_usage(folder).free
    if free < _FREE_BYTES:
        problems.append(f"{folder} has {free / 1024**3:.1f} GiB free; make room for 2 GiB")
    if not (3, 11) <= tuple(map(int, platform.python_version_tuple()[:2])) < (3, 14):
        problems.append(f"Python {platform.python_version()} is not one of 3.11-3.13")
    versions = {}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            problems.append(f"{package} is not installed; run `make run`")
    return {
        "python": platform.python_version(),
        "versions": versions,
        "home": str(s.home),
        "warehouse": str(s.warehouse),
        "published": str(s.published),
        "landing": str(s.landing),
        "data_docs": str(s.data_docs),
        "dbt_docs": str(s.dbt_docs),
        "airflow_home": str(s.airflow_home),
        "outbox": str(s.outbox),
        "ledger": str(s.ledger),
        "has_run": s.warehouse.exists(),
        "problems": problems,
    }
