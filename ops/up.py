"""`onefold up`: Airflow with its UI on loopback, every process stopped together."""

import os
import signal
import subprocess
import sys
import time

from ops.airflow_home import environment, prepare
from warehouse.settings import Settings, settings

_POLL_SECONDS = 1.0


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
    running = [subprocess.Popen(c, env=env, start_new_session=True) for c in commands(s)]
    print(f"Airflow: http://127.0.0.1:{s.ui_port} (Ctrl-C stops it)", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        while all(p.poll() is None for p in running):
            time.sleep(_POLL_SECONDS)
        return 1
    except KeyboardInterrupt:
        return 0
    finally:
        stop(running)


def stop(processes: list[subprocess.Popen[bytes]]) -> None:
    """End every process with its children: each one leads a group of its own."""
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
    for process in processes:
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
