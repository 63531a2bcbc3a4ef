"""`onefold run`: start the DAG run, follow its progress, hand back the summary."""

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ops import progress
from ops.airflow_home import environment, run_id_of
from warehouse.errors import OnefoldError
from warehouse.files import replace
from warehouse.settings import Settings, settings

WEBHOOK = "AIRFLOW_CONN_ONEFOLD_WEBHOOK"
_POLL_SECONDS = 0.1

Listener = Callable[[dict[str, Any]], None]


class RunError(OnefoldError):
    """The DAG run could not be started or did not reach its report."""


def run(*, sample: bool, listen: Listener, s: Settings | None = None) -> dict[str, Any]:
    """Run `cdp_daily` once through Airflow and return its summary (see ops.report.summarise).

    `sample` puts the committed exports into the landing folder first and gives the webhook sync
    the simulator's receiver on loopback. Raises RunError when no report was written.
    """
    s = s or settings()
    if sample:
        copy_sample(s)
    at = datetime.now(UTC).isoformat()
    run_id = run_id_of(at)
    with _receiver(s) as connections:
        code, log = _follow(run_id, at, {**os.environ, **environment(s), **connections}, listen, s)
    summary = summary_path(run_id, s)
    if not summary.exists():
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
        raise RunError(f"the DAG run stopped before its report (exit {code}); {log} ends:\n{tail}")
    found: dict[str, Any] = json.loads(summary.read_text(encoding="utf-8"))
    return found


def summary_path(run_id: str, s: Settings | None = None) -> Path:
    """Where the report stage leaves the run's summary."""
    return progress.path(run_id, s).with_suffix(".summary.json")


def is_new(s: Settings) -> bool:
    """True for a home that never landed anything and has nothing waiting to land."""
    waiting = s.landing.exists() and any(f.is_file() for f in s.landing.rglob("*"))
    return not (s.warehouse.exists() or waiting or s.inbox or s.pulls)


def copy_sample(s: Settings) -> None:
    """Copy the sample exports that are not in the landing folder yet, each file whole."""
    s.home.mkdir(parents=True, exist_ok=True)
    s.sample_marker.write_text("This home was started from the sample exports.\n")
    for source in sorted(f for f in s.exports.rglob("*") if f.is_file()):
        target = s.landing / source.relative_to(s.exports)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            part = target.with_name(target.name + ".part")
            shutil.copyfile(source, part)
            replace(part, target)


@contextmanager
def _receiver(s: Settings) -> Iterator[dict[str, str]]:
    """The invented company's webhook endpoint: for the sample, where none is configured."""
    if os.environ.get(WEBHOOK) or not s.sample_marker.exists():
        yield {}
        return
    from simulator import receiver

    secret = secrets.token_hex(16)
    with receiver.start(s.outbox / "webhook_received.sqlite", secret) as server:
        yield {WEBHOOK: json.dumps({"conn_type": "http", "host": server.url, "password": secret})}


@contextmanager
def _parsing_ahead(env: dict[str, str]) -> Iterator[None]:
    """Parse the dbt project on the second core while Airflow starts and the exports land."""
    command = [sys.executable, "-m", "warehouse.dbt"]
    nowhere = subprocess.DEVNULL
    ahead = subprocess.Popen(command, env=env, stdout=nowhere, stderr=nowhere)
    try:
        yield
    finally:
        if ahead.poll() is None:
            ahead.terminate()
        ahead.wait()


def _follow(
    run_id: str, at: str, env: dict[str, str], listen: Listener, s: Settings
) -> tuple[int, Path]:
    log = progress.path(run_id, s).with_suffix(".log")
    log.parent.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "ops.airflow_home", "cdp_daily", at, "{}"]
    with log.open("wb") as output, _parsing_ahead(env):
        process = subprocess.Popen(command, env=env, stdout=output, stderr=subprocess.STDOUT)
        try:
            shown = 0
            running = True
            while running:
                running = process.poll() is None
                events = progress.read(run_id)
                for event in events[shown:]:
                    listen(event)
                shown = len(events)
                time.sleep(_POLL_SECONDS if running else 0)
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait()
    return process.returncode, log
