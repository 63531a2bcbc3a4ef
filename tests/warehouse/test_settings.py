"""Settings come from the environment, at each call, and say what is wrong with them."""

import re
from pathlib import Path

import pytest

from warehouse.errors import SettingsError
from warehouse.settings import PROJECT_ROOT, Settings, settings


def test_without_a_home_everything_goes_to_data(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ONEFOLD_HOME")
    assert settings().home == PROJECT_ROOT / "data"


def test_the_environment_is_read_at_each_call(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = settings()
    monkeypatch.setenv("ONEFOLD_HOME", str(home / "other"))
    monkeypatch.setenv("ONEFOLD_THREADS", "5")
    after = settings()
    assert (before.home, after.home) == (home, home / "other")
    assert (before.threads, after.threads) == (2, 5)


def test_everything_a_deployment_writes_is_under_its_home(home: Path) -> None:
    s = settings()
    names = ("warehouse", "published", "data_docs", "dbt_docs", "dbt_target", "outbox", "ledger",
             "airflow_home", "sample_marker", "landing")  # fmt: skip
    places = [getattr(s, name) for name in names]
    assert all(p.is_relative_to(home) for p in places)
    assert len(set(places)) == len(names)


@pytest.mark.parametrize(
    ("landing", "expected"), [("inbox", "{home}/inbox"), ("/srv/exports", "/srv/exports")]
)
def test_a_relative_landing_folder_is_under_home(
    home: Path, monkeypatch: pytest.MonkeyPatch, landing: str, expected: str
) -> None:
    monkeypatch.setenv("ONEFOLD_LANDING", landing)
    assert str(settings().landing) == expected.format(home=home)


@pytest.mark.parametrize("name", [f"ONEFOLD_{field.upper()}" for field in Settings.model_fields])
def test_an_empty_variable_counts_as_unset(
    home: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv(name, raising=False)
    unset = settings()
    monkeypatch.setenv(name, "")
    assert settings() == unset


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ONEFOLD_THREADS", "many"),
        ("ONEFOLD_THREADS", "0"),
        ("ONEFOLD_SCHEDULE", "daily"),
        ("ONEFOLD_SCHEDULE", "@yearly"),
        ("ONEFOLD_SCHEDULE", "0 25 * * *"),
        ("ONEFOLD_SCHEDULE", "0 0 6 * * *"),
        ("ONEFOLD_READY_POLL_SECONDS", "0"),
        ("ONEFOLD_LOCK_TIMEOUT_SECONDS", "-1"),
        ("ONEFOLD_UI_PORT", "70000"),
    ],
)
def test_an_unusable_value_is_named(
    home: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match=f"expected {name} .*got {re.escape(repr(value))}"):
        settings()


def test_the_repository_has_what_the_settings_point_at() -> None:
    s = Settings()
    assert (s.dbt_project / "dbt_project.yml").exists()
    assert list(s.rules.glob("*.csv"))
    assert list(s.exports.glob("*/*"))
    assert (s.truth / "records.csv").exists()


@pytest.mark.parametrize(
    ("text", "cron"),
    [
        ("0 6 * * 1-5", "0 6 * * 1-5"), ("*/15 * * * *", "*/15 * * * *"), ("none", None),
        (" @hourly ", "0 * * * *"), ("@daily", "0 0 * * *"), ("@weekly", "0 0 * * 0"),
        ("@monthly", "0 0 1 * *"),
    ],
)  # fmt: skip
def test_the_schedule_is_cron_a_preset_or_none(
    home: Path, monkeypatch: pytest.MonkeyPatch, text: str, cron: str | None
) -> None:
    assert settings().cron == "0 0 * * *"
    monkeypatch.setenv("ONEFOLD_SCHEDULE", text)
    assert settings().cron == cron
