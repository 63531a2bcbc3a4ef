"""When the DAGs run: the clock as configured, and the marker that says that exports are there."""

from typing import Any

from airflow.sdk import (
    Asset,
    AssetOrTimeSchedule,
    AssetWatcher,
    CronPartitionTimetable,
    CronTriggerTimetable,
)

from ops.ready import ReadyTrigger
from warehouse.settings import settings

EXPORTS_READY = "exports_ready"


def main_job() -> Any:
    """The schedule of `cdp_daily`: ONEFOLD_SCHEDULE or a `_READY` marker, whichever comes first."""
    ready = exports_ready()
    cron = settings().cron
    if cron is None:
        return [ready]
    return AssetOrTimeSchedule(timetable=CronTriggerTimetable(cron, timezone="UTC"), assets=[ready])


def exports_ready() -> Asset:
    """The landing folder, whose exports are complete whenever its `_READY` is written anew."""
    trigger = ReadyTrigger(poll_seconds=settings().ready_poll_seconds)
    return Asset(EXPORTS_READY, watchers=[AssetWatcher(name="ready_marker", trigger=trigger)])


def by_day() -> CronPartitionTimetable:
    """One partition a day in UTC, called like `2026-05-03`."""
    return CronPartitionTimetable("0 0 * * *", timezone="UTC", key_format="%Y-%m-%d")
