"""The stages of the road, in order. DAG tasks and tests call these; each is safe to run again."""

import json
from datetime import UTC, datetime

from ops import progress
from ops.report import summarise
from ops.run import summary_path
from ops.state import ensure_state, record_run
from warehouse.connection import connect, transaction
from warehouse.files import replace


def begin(run_id: str, logical_date: str) -> str:
    """Open the run; returns its clock."""
    with progress.stage(run_id, "begin"):
        return logical_date


def report(run_id: str, as_of: str) -> int:
    """Close the run: record it, write its summary, return its exit code."""
    with connect("report") as con:
        ensure_state(con)
        summary = summarise(con, run_id, as_of)
        with transaction(con):
            record_run(con, summary, datetime.now(UTC).replace(tzinfo=None))
    target = summary_path(run_id)
    part = target.with_suffix(".part")
    part.write_text(json.dumps(summary, default=str), encoding="utf-8")
    replace(part, target)
    code: int = summary["exit_code"]
    return code
