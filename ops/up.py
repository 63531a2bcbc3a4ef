"""`onefold up`: Airflow with its UI on loopback, every process stopped together."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

from ops.airflow_home import environment, prepare
from warehouse.settings import Settings, settings

_POLL_SECONDS = 1.0
_PATIENCE_SECONDS = 20.0


def commands(s: Settings) -> list[list[str]]:
    """Airflow's processes. The log servers are left out: they would listen on every interface,
    and on one machine the UI reads the log files itself."""
    airflow = [sys.executable, "-m", "airflow"]
    return [
        [*airflow, "api-server", "--host", "127.0.0.1", "--port", str(s.ui_port)],
        [*airflow, "scheduler", "--skip-serve-logs"],
        [*airflow, "dag-processor"],
        [*airflow, "triggerer", "--skip-serve-logs"],
    ]


def up(s: Settings | None = None) -> int:
    """Serve until interrupted or until one process ends; returns the exit code."""
    s = s or settings()
    prepare(s)
    env = {**os.environ, **environment(s)}
    running: list[subprocess.Popen[bytes]] = []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        for command in commands(s):
            running.append(subprocess.Popen(command, env=env, start_new_session=True))
        print(f"Airflow: http://127.0.0.1:{s.ui_port} (Ctrl-C stops it)", flush=True)
        while all(p.poll() is None for p in running):
            time.sleep(_POLL_SECONDS)
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        stop(running)


def stop(processes: list[subprocess.Popen[bytes]]) -> None:
    """End every process with its children: each one leads a group of its own.

    A group outlives its leader, so what is left of it after its leader ended is killed.
    """
    for process in processes:
        _signal_group(process, signal.SIGTERM)
    for process in processes:
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=_PATIENCE_SECONDS)
        _signal_group(process, signal.SIGKILL)
        process.wait()


def _signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
