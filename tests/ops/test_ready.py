"""A marker fires when it is new or touched, is left where it is, and is remembered."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ops import ready
from ops.ready import ReadyTrigger, markers, written
from warehouse.settings import settings


class Store:
    """An asset's own store in Airflow, as the triggerer hands it over: values by key."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    async def aget(self, key: str, default: Any = None) -> Any:
        """What was kept under `key`."""
        return self.values.get(key, default)

    async def aset(self, key: str, value: Any) -> None:
        """Keep `value`."""
        self.values[key] = value


def drop(name: str, moment: int = 1) -> Path:
    """Write a marker, last written `moment` seconds after 1970."""
    path = settings().landing / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    os.utime(path, (moment, moment))
    return path


def fired(store: Store | None, *steps: Callable[[], Any]) -> list[list[str]]:
    """The markers of each event; before each one the next of `steps` is taken.

    After the last event the trigger looks three times more and must stay silent.
    """
    looks: list[Path] = []

    def look(landing: Path) -> dict[str, int]:
        looks.append(landing)
        return markers(landing)

    async def follow() -> list[list[str]]:
        trigger = ReadyTrigger(poll_seconds=0)
        trigger.asset_state_store = store  # type: ignore[assignment]
        events = trigger.run()
        found = []
        for step in steps:
            step()
            event = await asyncio.wait_for(anext(events), 10)
            found.append(event.payload["markers"])
        following, until = asyncio.ensure_future(anext(events)), len(looks) + 3
        while len(looks) < until and not following.done():
            await asyncio.sleep(0)
        assert not following.done(), "nothing was written, and it fired"
        following.cancel()
        return found

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ready, "markers", look)
        return asyncio.run(follow())


def test_markers_are_looked_for_where_exports_are(home: Path) -> None:
    assert markers(settings().landing) == {}
    places = ("_READY", "hubspot/_READY", "hubspot/2026-05-03/_READY")
    for name in (*places, "a/b/c/_READY", "hubspot/ready"):
        drop(name, 7)
    assert markers(settings().landing) == dict.fromkeys(places, 7_000_000_000)


def test_new_and_touched_markers_count_and_those_taken_away_do_not() -> None:
    assert written({"a": 1, "b": 1, "c": 1}, {"a": 1, "b": 2, "d": 1}) == ["b", "d"]
    assert written({"a": 1}, {"a": 0}) == ["a"], "a marker put back with an older time is new"
    assert written({"a": 1}, {}) == []


def test_it_fires_for_what_is_there_for_a_new_one_and_for_a_touched_one(home: Path) -> None:
    found = fired(
        Store(),
        lambda: drop("hubspot/_READY", 1),
        lambda: drop("_READY", 1),
        lambda: drop("hubspot/_READY", 2),
    )
    assert found == [["hubspot/_READY"], ["_READY"], ["hubspot/_READY"]]
    assert set(markers(settings().landing)) == {"_READY", "hubspot/_READY"}, "none was deleted"


def test_a_restart_neither_misses_a_marker_nor_fires_for_an_old_one(home: Path) -> None:
    store = Store()
    assert fired(store, lambda: drop("_READY", 1)) == [["_READY"]]
    assert fired(store) == []
    drop("_READY", 2)
    assert fired(store, lambda: None) == [["_READY"]], "touched while the triggerer was down"


def test_a_marker_written_again_after_it_was_taken_away_is_new(home: Path) -> None:
    store = Store()
    path = drop("_READY", 1)
    assert fired(store, lambda: None) == [["_READY"]]
    path.unlink()
    assert fired(store) == []
    assert fired(store, lambda: drop("_READY", 1)) == [["_READY"]]


def test_without_a_store_it_works_from_what_it_saw(home: Path) -> None:
    assert fired(None, lambda: drop("_READY", 1), lambda: drop("_READY", 2)) == [["_READY"]] * 2


def test_airflow_can_make_it_again_from_what_it_stores() -> None:
    from airflow.sdk._shared.module_loading import import_string
    from airflow.triggers.base import BaseEventTrigger

    path, arguments = ReadyTrigger(poll_seconds=30.0).serialize()
    again = import_string(path)(**arguments)
    assert isinstance(again, BaseEventTrigger)
    assert again.serialize() == (path, {"poll_seconds": 30.0})
