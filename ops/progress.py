"""What a run is doing now: one JSON line per event, so any process can follow it."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from warehouse.errors import OnefoldError
from warehouse.settings import Settings, settings


@dataclass
class Stage:
    """A running stage; `detail` is shown when it ends: numbers, never personal data."""

    name: str
    detail: dict[str, Any] = field(default_factory=dict)


def path(run_id: str, s: Settings | None = None) -> Path:
    """The event file of a run."""
    safe = "".join(c if c.isalnum() or c in "-_." else "_" for c in run_id)
    return (s or settings()).home / "runs" / f"{safe}.jsonl"


def emit(run_id: str, **event: Any) -> None:
    """Append one event."""
    target = path(run_id)
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("a", encoding="utf-8") as file:
        file.write(json.dumps(event, default=str) + "\n")


def read(run_id: str) -> list[dict[str, Any]]:
    """All events so far; a half-written last line is left for the next call."""
    target = path(run_id)
    if not target.exists():
        return []
    lines = target.read_text(encoding="utf-8").split("\n")[:-1]
    return [json.loads(line) for line in lines]


@contextmanager
def stage(run_id: str, name: str) -> Iterator[Stage]:
    """Record the beginning and the end of a stage with its seconds, also when it raises."""
    emit(run_id, stage=name, event="started")
    running, begun, outcome, error = Stage(name), time.monotonic(), "failed", ""
    try:
        yield running
        outcome = "done"
    except BaseException as raised:
        # Only messages written for people are known to be free of personal data.
        error = str(raised) if isinstance(raised, OnefoldError) else type(raised).__name__
        raise
    finally:
        seconds = round(time.monotonic() - begun, 2)
        event = {"stage": name, "event": outcome, "seconds": seconds, "error": error}
        emit(run_id, **event, detail=running.detail)
