"""Running dbt: one build per layer, in this process, under the warehouse lock.

`python -m warehouse.dbt` parses the project ahead of its first use, for another process to find.
"""

import fcntl
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warehouse.connection import lock
from warehouse.errors import DbtFailed
from warehouse.settings import Settings, settings

_VALUES = re.compile(r"'[^']*'|\S+@\S+")
"""What DuckDB's messages quote from the rows; it may be personal data."""


_manifests: dict[Path, Any] = {}


@dataclass(frozen=True)
class NodeResult:
    """What became of one model, seed or test."""

    name: str
    resource_type: str
    status: str
    seconds: float
    message: str


@dataclass(frozen=True)
class DbtResult:
    """The nodes of one dbt command, in the order they finished."""

    nodes: list[NodeResult]

    def of(self, *statuses: str) -> list[NodeResult]:
        """The nodes that ended with one of `statuses`."""
        return [node for node in self.nodes if node.status in statuses]


def build(
    select: str,
    *,
    vars: dict[str, Any] | None = None,
    command: str = "build",
    exclude: str = "",
    s: Settings | None = None,
) -> DbtResult:
    """Run `dbt <command> --select <select>` against the build warehouse.

    `select` and `exclude` hold dbt selectors separated by blanks. Raises DbtFailed naming what
    failed, or the message of a project that does not parse.
    """
    s = s or settings()
    args = [command, "--select", *select.split(), *common(s), "--vars", json.dumps(vars or {})]
    args.append("--no-write-json")  # nobody reads the manifest of a build
    if command == "build":
        # A test that also reads models of a later layer waits for that layer's build.
        args += ["--indirect-selection", "buildable"]
    if exclude:
        args += ["--exclude", *exclude.split()]
    with lock(f"dbt {command} {select}", s):
        return _invoke(args, s)


def docs(as_of: str, s: Settings | None = None) -> bool:
    """Write dbt's documentation as one offline file, `settings().dbt_docs`, if the project changed.

    Returns whether it was written.
    """
    s = s or settings()
    sources = [*s.dbt_project.rglob("*.sql"), *s.dbt_project.rglob("*.yml"), *s.rules.iterdir()]
    changed = max(file.stat().st_mtime for file in sources)
    if s.dbt_docs.exists() and s.dbt_docs.stat().st_mtime > changed:
        return False
    variables = json.dumps({"as_of": as_of})
    what = ["--static", "--exclude", "resource_type:test"]
    with lock("dbt docs", s):
        _invoke(["docs", "generate", *what, *common(s), "--vars", variables], s)
    return True


def common(s: Settings) -> list[str]:
    """Arguments that every dbt command of this deployment shares."""
    return [
        "--project-dir", str(s.dbt_project),
        "--profiles-dir", str(s.dbt_project),
        "--target", "build",  # whatever DBT_TARGET says in the shell of somebody who asks metrics
        "--target-path", str(s.dbt_target),
        "--log-path", str(s.home / "dbt" / "logs"),
        "--threads", str(s.threads),
        "--quiet",
        "--log-level", "none", "--log-level-file", "info",  # debug costs a third of a build
    ]  # fmt: skip


def _invoke(args: list[str], s: Settings) -> DbtResult:
    from dbt.cli.main import dbtRunner

    os.environ["DO_NOT_TRACK"] = "1"
    s.home.mkdir(parents=True, exist_ok=True)
    try:
        manifest = parsed(s)
        outcome = dbtRunner(manifest=manifest).invoke(args)
    finally:
        _close_adapters()
    if outcome.exception is not None:
        raise DbtFailed(f"dbt {args[0]} did not run: {outcome.exception}")
    nodes = [_node(r) for r in getattr(outcome.result, "results", None) or [] if hasattr(r, "node")]
    result = DbtResult(nodes)
    failed = result.of("error", "fail", "runtime error")
    if failed or not outcome.success:
        names = "; ".join(f"{n.name}: {n.message}" for n in failed[:5]) or "see the dbt log"
        raise DbtFailed(f"dbt {args[0]}: {len(failed)} node(s) failed ({names})")
    return result


def parsed(s: Settings) -> Any:
    """The parsed project: once a process, whatever the variables, for no config depends on one.

    What an earlier process of this deployment parsed is taken over where the files are the same;
    one that is at it is waited for.
    """
    from dbt.cli.main import dbtRunner

    os.environ["ONEFOLD_WAREHOUSE_PATH"] = str(s.warehouse)
    if s.dbt_project not in _manifests:
        s.dbt_target.mkdir(parents=True, exist_ok=True)
        with (s.dbt_target / "parse.lock").open("w") as handle:
            fcntl.flock(handle, fcntl.LOCK_EX)
            outcome = dbtRunner().invoke(["parse", "--no-write-json", *common(s)])
            if outcome.exception is not None:
                # What an earlier version of the project left may be what does not fit.
                (s.dbt_target / "partial_parse.msgpack").unlink(missing_ok=True)
                outcome = dbtRunner().invoke(["parse", "--no-write-json", *common(s)])
        if outcome.exception is not None:
            raise DbtFailed(f"the dbt project does not parse: {outcome.exception}")
        _manifests[s.dbt_project] = outcome.result
    return _manifests[s.dbt_project]


def _node(result: Any) -> NodeResult:
    return NodeResult(
        name=result.node.name,
        resource_type=str(result.node.resource_type),
        status=str(result.status),
        seconds=result.execution_time,
        message=_VALUES.sub("…", " ".join((result.message or "").split())),
    )


def _close_adapters() -> None:
    """dbt keeps its DuckDB handle for the life of the process; the next room needs the file."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.adapters.factory import reset_adapters

    environment = DuckDBConnectionManager._ENV
    DuckDBConnectionManager.close_all_connections()
    if environment is not None:
        environment.close()
    reset_adapters()


if __name__ == "__main__":
    parsed(settings())
