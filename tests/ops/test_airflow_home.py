"""This deployment's Airflow: its own home, the user's own settings."""

from pathlib import Path

import pytest

from ops.airflow_home import environment, run_id_of
from warehouse.settings import PROJECT_ROOT


def test_airflow_belongs_to_the_deployment_whatever_is_set(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_HOME", "/elsewhere")
    monkeypatch.setenv("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "sqlite:////elsewhere/airflow.db")
    found = environment()
    assert found["AIRFLOW_HOME"] == str(home / "airflow")
    assert found["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == f"sqlite:///{home}/airflow/airflow.db"
    assert found["ONEFOLD_HOME"] == str(home)


def test_everything_listens_on_loopback(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONEFOLD_UI_PORT", "8123")
    found = environment()
    hosts = {k: v for k, v in found.items() if k.endswith("HOST")}
    assert hosts == {
        "AIRFLOW__API__HOST": "127.0.0.1", "AIRFLOW__LOGGING__WORKER_LOG_SERVER_HOST": "127.0.0.1",
    }  # fmt: skip
    assert found["AIRFLOW__API__BASE_URL"] == "http://127.0.0.1:8123"
    assert Path(found["AIRFLOW__CORE__DAGS_FOLDER"]) == PROJECT_ROOT / "dags"


def test_the_users_own_settings_win(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")
    assert "AIRFLOW__CORE__EXECUTOR" not in environment()


def test_a_run_is_called_as_airflow_calls_it() -> None:
    assert run_id_of("2026-06-30T00:00:00+00:00") == "manual__2026-06-30T00:00:00+00:00"


def test_keys_are_made_once_a_home_and_are_its_owners_alone(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("AIRFLOW__CORE__FERNET_KEY", "AIRFLOW__API_AUTH__JWT_SECRET",
             "AIRFLOW__API__SECRET_KEY")  # fmt: skip
    for name in names:
        monkeypatch.delenv(name, raising=False)
    first, again = environment(), environment()
    assert first == again
    assert all(len(first[name]) > 40 for name in names)
    assert (home / "airflow" / "keys.json").stat().st_mode & 0o777 == 0o600
    assert [f.name for f in (home / "airflow").iterdir()] == ["keys.json"]
    monkeypatch.setenv("ONEFOLD_HOME", str(home / "other"))
    assert not {first[name] for name in names} & {environment()[name] for name in names}
