"""When the main job runs is configuration."""

from pathlib import Path

import pytest
from airflow.sdk import AssetOrTimeSchedule

from ops.schedule import by_day, main_job


def test_the_clock_is_as_configured_and_in_utc(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONEFOLD_SCHEDULE", "0 6 * * 1-5")
    monkeypatch.setenv("ONEFOLD_READY_POLL_SECONDS", "5")
    found = main_job()
    assert isinstance(found, AssetOrTimeSchedule)
    assert (found.timetable.expression, str(found.timetable.timezone)) == ("0 6 * * 1-5", "UTC")
    (asset,) = found.asset_condition.objects
    ((watcher,),) = (asset.watchers,)
    assert watcher.trigger.serialize() == ("ops.ready.ReadyTrigger", {"poll_seconds": 5.0})


def test_without_a_clock_the_marker_alone_starts_it(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONEFOLD_SCHEDULE", "none")
    (asset,) = main_job()
    assert (asset.name, len(asset.watchers)) == ("exports_ready", 1)


def test_a_partition_is_a_day_in_utc() -> None:
    assert (by_day().expression, by_day().key_format) == ("0 0 * * *", "%Y-%m-%d")
