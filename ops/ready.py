"""Noticing that exports have arrived: a new or touched `_READY` in the landing folder.

Airflow's own file triggers for assets delete the file they see. This one only looks, so the marker
stays for whoever wrote it, and says "again" by being written again.
"""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from airflow.triggers.base import BaseEventTrigger, TriggerEvent

from warehouse.settings import settings

MARKER = "_READY"
_PLACES = (MARKER, f"*/{MARKER}", f"*/*/{MARKER}")
_SEEN = "seen"


def markers(landing: Path) -> dict[str, int]:
    """When each marker was last written (nanoseconds), by its path relative to `landing`.

    Looked for in the landing folder, in a source's folder and in a day's folder.
    """
    found = {}
    for file in (file for place in _PLACES for file in landing.glob(place)):
        try:
            found[file.relative_to(landing).as_posix()] = file.stat().st_mtime_ns
        except FileNotFoundError:
            continue  # taken away while we looked
    return found


def written(before: dict[str, int], now: dict[str, int]) -> list[str]:
    """Markers that are new or were touched since."""
    return sorted(name for name, moment in now.items() if before.get(name) != moment)


class ReadyTrigger(BaseEventTrigger):  # type: ignore[misc]
    """Fires for every new or touched marker; one found at the very first look is new.

    What was seen is kept in the asset's own store in Airflow, so a restarted triggerer neither
    misses a marker nor fires for an old one.
    """

    def __init__(self, poll_seconds: float) -> None:
        super().__init__()
        self.poll_seconds = poll_seconds

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """Class and arguments, as Airflow stores a trigger."""
        return f"{__name__}.{type(self).__name__}", {"poll_seconds": self.poll_seconds}

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Look, fire, remember, wait; the payload names the markers."""
        seen = await self._recall()
        while True:
            try:
                now = await asyncio.to_thread(markers, settings().landing)
            except OSError as error:
                self.log.warning("the landing folder could not be read: %s", error.strerror)
                now = seen
            if names := written(seen, now):
                yield TriggerEvent({"markers": names})
            if now != seen:
                await self._remember(now)
            seen = now
            await asyncio.sleep(self.poll_seconds)

    async def _recall(self) -> dict[str, int]:
        if self.asset_state_store is None:
            return {}
        found = await self.asset_state_store.aget(_SEEN, {})
        return dict(found) if isinstance(found, dict) else {}

    async def _remember(self, seen: dict[str, int]) -> None:
        if self.asset_state_store is not None:
            await self.asset_state_store.aset(_SEEN, seen)
