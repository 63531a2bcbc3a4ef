"""A process that has imported the whole road and forks a child for each run, to be killed or not.

Reads one JSON command a line from stdin and answers with one JSON line:

    {"home", "run_id", "env", "start": stage, "stop": stage | null, "syncs": names | null,
     "kill": null | {"seconds": s} | {"stage", "commit": n, "when": "before" | "after"}}
    -> {"killed": bool, "failure": text, "commits": ["stage/kind", …], "seconds": s}

Every durable commit of the product goes through three functions (a house rule): the warehouse's
`commit`, the activation ledger's `commit`, and the rename in `warehouse.files`. The child counts
them and dies by SIGKILL right before or after the n-th of a stage. What leaves nothing durable
behind is left out to save time: dbt's data tests and the documentation page. What one child had to
import the next ones find imported.
"""

import importlib
import json
import os
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import great_expectations  # noqa: F401

import activation.ledger
import warehouse.connection
import warehouse.dbt
from ops import stages
from warehouse.settings import settings

ROAD = ("ingest", "staging", "identity", "marts", "gate_marts", "publish", "plan", "sync", "report")
AT = "2026-07-01 00:00:00"


def main() -> None:
    """Serve commands until stdin ends."""
    warehouse.dbt.parsed(settings())
    warehouse.dbt.build = partial(_untested, warehouse.dbt.build)
    warehouse.dbt.docs = lambda *_: False
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(serve(json.loads(line))), file=answers, flush=True)


def _untested(build: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    return build(*args, **kwargs | {"exclude": "resource_type:test"})


def serve(command: dict[str, Any]) -> dict[str, Any]:
    """Fork a child for one run; kill it after `seconds` if asked to."""
    begun = time.monotonic()
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read_end)
        Child(command, write_end).run()
    os.close(write_end)
    if "seconds" in (command["kill"] or {}):
        _kill_after(child, command["kill"]["seconds"])
    with os.fdopen(read_end) as pipe:
        lines = pipe.read().splitlines()
    _, status = os.waitpid(child, 0)
    for name in (x[2:] for x in lines if x.startswith("m ")):
        with suppress(ImportError):  # one that its package made up
            importlib.import_module(name)
    return {
        "killed": os.WIFSIGNALED(status),
        "failure": "\n".join(x[2:] for x in lines if x.startswith("! ")),
        "commits": [x[2:] for x in lines if x.startswith("c ")],
        "seconds": time.monotonic() - begun,
    }


def _kill_after(child: int, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        if os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None:
            return
        signal.sigtimedwait([signal.SIGCHLD], min(0.05, left))
    os.kill(child, signal.SIGKILL)


class Child:
    """One run in a process of its own."""

    def __init__(self, command: dict[str, Any], answers: int) -> None:
        self.command = command
        self.answers = answers
        self.kill = command["kill"] or {}
        self.stage = ""
        self.seen: Counter[str] = Counter()

    def run(self) -> None:
        """Count the commits, run the stages, report, leave without clean-up."""
        os.environ.update(self.command["env"])
        os.environ["ONEFOLD_HOME"] = self.command["home"]
        os.environ["ONEFOLD_AS_OF"] = AT
        warehouse.connection.commit = self.counted("warehouse", warehouse.connection.commit)
        ledger = activation.ledger.Ledger
        ledger.commit = self.counted("ledger", ledger.commit)  # type: ignore[method-assign]
        Path.replace = self.counted("file", Path.replace)  # type: ignore[method-assign]
        before = {*sys.modules}
        try:
            self.road()
            found = sorted({*sys.modules} - before)
            os.write(self.answers, "".join(f"m {name}\n" for name in found).encode())
        except BaseException:  # noqa: BLE001 - whatever it was, the parent process reports it
            text = "".join(f"! {line}\n" for line in traceback.format_exc().splitlines())
            os.write(self.answers, text.encode())
        os._exit(0)

    def road(self) -> None:
        """The DAG's stages in the DAG's order, from `start` to before `stop`."""
        start, stop = self.command["start"], self.command["stop"]
        names = ROAD[ROAD.index(start) : ROAD.index(stop) if stop else None]
        run_id, may_leave = self.command["run_id"], self.command["syncs"]
        for self.stage in names:
            if self.stage == "plan":
                may_leave = stages.plan(run_id, AT)
            elif self.stage == "sync":
                for name in may_leave:
                    stages.apply(run_id, name)
            else:
                getattr(stages, self.stage)(run_id, AT)

    def counted(self, kind: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """`function`, telling the parent of each call and dying around the one to die at."""

        def call(*args: Any, **kwargs: Any) -> Any:
            self.seen[self.stage] += 1
            os.write(self.answers, f"c {self.stage}/{kind}\n".encode())
            here = (self.kill.get("stage"), self.kill.get("commit")) == (
                self.stage,
                self.seen[self.stage],
            )
            if here and self.kill["when"] == "before":
                os.kill(os.getpid(), signal.SIGKILL)
            result = function(*args, **kwargs)
            if here and self.kill["when"] == "after":
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return call


if __name__ == "__main__":
    main()
