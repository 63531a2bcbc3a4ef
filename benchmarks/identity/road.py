"""From export files to scored people: `python -m benchmarks.identity.road FOLDER`.

FOLDER holds the simulator's truth/; ONEFOLD_LANDING its exports/. Prints one JSON object: seconds
per stage, peak memory in MB, the slowest evidence models, the evaluation.
"""

import json
import resource
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from identity.evaluate import evaluate
from identity.step import resolve
from ops import stages
from warehouse.connection import connect
from warehouse.dbt import build

RUN = "benchmark"
SLOWEST = 6


def road(truth: Path) -> dict[str, Any]:
    """Land, stage, resolve and score what ONEFOLD_LANDING holds against the CSV `truth`."""
    seconds: dict[str, float] = {}
    begun = time.monotonic()

    def lap(stage: str) -> None:
        nonlocal begun
        seconds[stage] = round(time.monotonic() - begun, 1)
        begun = time.monotonic()

    as_of = stages.ingest(RUN, "2026-07-01T00:00:00+00:00")
    lap("landing")
    stages.staging(RUN, as_of)
    lap("staging")
    nodes = build(stages.EVIDENCE, vars={"as_of": as_of}).nodes
    lap("evidence")
    resolve(as_of, RUN)
    lap("identity step")
    with connect(RUN) as con:
        found = evaluate(con, truth)
    lap("evaluation")
    slow = sorted(nodes, key=lambda node: -node.seconds)[:SLOWEST]
    return {
        "seconds": seconds,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "slowest_models": {node.name: round(node.seconds, 1) for node in slow},
        "evaluation": asdict(found),
    }


if __name__ == "__main__":
    print(json.dumps(road(Path(sys.argv[1]) / "truth" / "records.csv")))
