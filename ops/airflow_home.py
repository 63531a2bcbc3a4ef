"""This deployment's Airflow: its environment, its metadata database, one DAG run."""

import base64
import json
import os
import secrets
import sys
from pathlib import Path
from typing import Any

from warehouse.files import replace
from warehouse.settings import Settings, settings

POOL = "duckdb_writer"


def environment(s: Settings | None = None) -> dict[str, str]:
    """The variables that tie Airflow to this deployment; the user's own settings win."""
    s = s or settings()
    ours = {
        "AIRFLOW_HOME": str(s.airflow_home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(s.project_root / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__CORE__DEFAULT_TIMEZONE": "utc",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{s.airflow_home}/airflow.db",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "30",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(s.ui_port),
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{s.ui_port}",
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_HOST": "127.0.0.1",
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        **_keys(s.airflow_home / "keys.json"),
        "ONEFOLD_HOME": str(s.home),
    }
    home_is_ours = {"AIRFLOW_HOME", "ONEFOLD_HOME", "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"}
    return {k: v for k, v in ours.items() if k in home_is_ours or k not in os.environ}


def _keys(file: Path) -> dict[str, str]:
    """Keys that Airflow's processes share, made once a home and readable by its owner alone."""
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f"{file.name}.{os.getpid()}.part")
        made = {
            "AIRFLOW__CORE__FERNET_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(64),
            "AIRFLOW__API__SECRET_KEY": secrets.token_hex(32),
        }
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as handle:
            json.dump(made, handle)
        replace(part, file)
    found: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return found


def prepare(s: Settings | None = None) -> None:
    """Create or migrate the metadata database and the writer pool. Imports Airflow."""
    s = s or settings()
    s.airflow_home.mkdir(parents=True, exist_ok=True)
    os.environ.update(environment(s))
    from airflow.models.pool import Pool
    from airflow.utils import db

    if (s.airflow_home / "airflow.db").exists():
        db.upgradedb()
    else:
        db.initdb()
    Pool.create_or_update_pool(
        POOL,
        slots=1,
        description="Queues tasks that write the warehouse",
        include_deferred=False,
    )


def run_id_of(at: str) -> str:
    """The id Airflow gives a manual run made at `at` (ISO timestamp with offset)."""
    return f"manual__{at}"


def run_dag(dag_id: str, at: str, conf: dict[str, Any]) -> str:
    """Run one DAG to its end in this process; Airflow records it as a manual run.

    `at` is an ISO timestamp with offset: the run's logical date, and the source of its id.
    Returns the run's final state ("success" or "failed").
    """
    prepare()
    from airflow.dag_processing.dagbag import DagBag
    from airflow.sdk import timezone

    folder = os.environ["AIRFLOW__CORE__DAGS_FOLDER"]
    bag = DagBag(Path(folder) / f"{dag_id}.py", bundle_path=Path(folder), bundle_name="dags-folder")
    if bag.import_errors:
        raise SystemExit("\n".join(bag.import_errors.values()))
    moment = timezone.parse(at)
    run = bag.dags[dag_id].test(logical_date=moment, run_after=moment, run_conf=conf)
    return str(run.state.value if hasattr(run.state, "value") else run.state)


if __name__ == "__main__":
    state = run_dag(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))
    sys.exit(0 if state == "success" else 1)
