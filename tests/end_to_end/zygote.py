"""A process that has imported the whole road and forks a child for each run, to be killed or not.

Reads one JSON command a line from stdin and answers with one JSON line:
{"home", "run_id", "at", "env": {...}, "kill": null | {"seconds": s} |
{"commit": n, "when": "before" | "after"}} -> {"killed": bool, "failure": text, "commits": [label],
"seconds": s}.

Every durable commit of the product goes through three functions (a house rule): the warehouse's
`commit`, the activation ledger's `commit`, and the rename in `warehouse.files`. The child counts
them and dies by SIGKILL right before or after the n-th.
"""

import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dbt.cli.main
import great_expectations  # noqa: F401

import activation.ledger
import warehouse.connection
from ops import stages

Kill = dict[str, Any]


def main() -> None:
    """Serve commands until stdin ends."""
    dbt.cli.main.dbtRunner()
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(serve(json.loads(line))), file=answers, flush=True)


def serve(command: dict[str, Any]) -> dict[str, Any]:
    """Fork a child for one run; kill it after `seconds` if asked to."""
    begun = time.monotonic()
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read_end)
        _run(command, write_end)
    os.close(write_end)
    if "seconds" in (command["kill"] or {}):
        _kill_after(child, command["kill"]["seconds"])
    with os.fdopen(read_end) as pipe:
        lines = pipe.read().splitlines()
    _, status = os.waitpid(child, 0)
    return {
        "killed": os.WIFSIGNALED(status),
        "failure": "\n".join(x[2:] for x in lines if x.startswith("! ")),
        "commits": [x[2:] for x in lines if x.startswith("c ")],
        "seconds": time.monotonic() - begun,
    }


def _kill_after(child: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            return
        signal.sigtimedwait([signal.SIGCHLD], min(0.05, max(0.0, deadline - time.monotonic())))
    os.kill(child, signal.SIGKILL)


def _run(command: dict[str, Any], answers: int) -> None:
    """In the child: count the commits, run the stages, report, leave without clean-up."""
    os.environ.update(command["env"])
    os.environ["ONEFOLD_HOME"] = command["home"]
    os.chdir(command["home"])
    kill: Kill = command["kill"] or {}
    seen = 0

    def counted(label: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            nonlocal seen
            seen += 1
            number = seen
            os.write(answers, f"c {label}\n".encode())
            if kill.get("commit") == number and kill["when"] == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            result = function(*args, **kwargs)
            if kill.get("commit") == number and kill["when"] == "after":
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return call

    warehouse.connection.commit = counted("warehouse", warehouse.connection.commit)
    activation.ledger.Ledger.commit = counted("ledger", activation.ledger.Ledger.commit)  # type: ignore[method-assign]
    Path.replace = counted("file", Path.replace)  # type: ignore[method-assign]
    try:
        road(command["run_id"], command["at"])
    except BaseException:  # noqa: BLE001 - whatever it was, the parent process reports it
        os.write(answers, "".join(f"! {x}\n" for x in traceback.format_exc().splitlines()).encode())
    os._exit(0)


def road(run_id: str, at: str) -> None:
    """The DAG's stages in the DAG's order, in this process."""
    as_of = stages.ingest(run_id, at)
    stages.staging(run_id, as_of)
    stages.identity(run_id, as_of)
    stages.marts(run_id, as_of)
    stages.gate_marts(run_id, as_of)
    stages.publish(run_id, as_of)
    for name in stages.plan(run_id, as_of):
        stages.apply(run_id, name)
    stages.report(run_id, as_of)


if __name__ == "__main__":
    main()
