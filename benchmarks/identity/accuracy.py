"""`python -m benchmarks.identity.accuracy`: simulated people, from export files to a score.

Exports of an invented company with the documented noise (docs/simulator.md) land, are staged and
resolved as in every run, and the people are scored against the simulator's truth. Exit 1 when a
figure is on the wrong side of its limit.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

RESULTS = Path(__file__).resolve().parents[1] / "results" / "identity_accuracy.json"
AT_LEAST = {"precision": 0.995, "recall": 0.97}
BELOW = {"precision of plain components": 0.90}


def main(
    people: Annotated[int, typer.Option(help="People in the invented world.")] = 200_000,
    months: Annotated[int, typer.Option(help="Months of exports.")] = 12,
    seed: Annotated[int, typer.Option(help="The same seed gives the same world.")] = 7,
    folder: Annotated[Path | None, typer.Option(help="Keep world and deployment here.")] = None,
) -> None:
    """Resolve simulated people and compare with the truth and with plain components."""
    with tempfile.TemporaryDirectory() as temporary:
        work = (folder or Path(temporary)).resolve()
        if not (work / "truth" / "records.csv").exists():
            _python(work, "onefold", "simulate", "--people", str(people), "--months", str(months),
                    "--seed", str(seed), "--out", str(work))  # fmt: skip
        found = json.loads(_python(work, "benchmarks.identity.road", str(work)).splitlines()[-1])
    results = _results(people, found)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", "utf-8")
    for row in results:
        print(f"{row['name']:<36} {row['value']:>12,} {row['unit']:<8}{_limit(row)}")
    if not all(_holds(row) for row in results):
        raise typer.Exit(1)


def _python(work: Path, *command: str) -> str:
    """Run a module in a process of its own, so that one's peak memory is not the other's."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("ONEFOLD_")}
    env |= {
        "ONEFOLD_HOME": str(work / "home"),
        "ONEFOLD_LANDING": str(work / "exports"),
        "ONEFOLD_AS_OF": "latest_event",
    }
    run = [sys.executable, "-m", *command]
    return subprocess.run(run, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout


def _results(people: int, found: dict[str, Any]) -> list[dict[str, Any]]:
    score, seconds = found["evaluation"], found["seconds"]
    plain = {"plain components": round(score["baseline_precision"], 4)}
    return [
        _row("precision", round(score["precision"], 4), "share", plain),
        _row("recall", round(score["recall"], 4), "share",
             {"plain components": round(score["baseline_recall"], 4)}),
        _row("precision of plain components", round(score["baseline_precision"], 4), "share"),
        _row("simulated people", people, "people"),
        _row("records of the truth", score["records"], "records"),
        _row("records not loaded", score["missing"], "records"),
        _row("pairs joined", score["predicted"], "pairs",
             {"plain components": score["baseline_predicted"]}),
        _row("true pairs with an evidence path", score["reachable"], "pairs"),
        _row("true pairs without one, left out", score["unreachable"], "pairs"),
        *(_row(f"{stage}, seconds", taken, "s") for stage, taken in seconds.items()),
        _row("peak memory", found["peak_mb"], "MB"),
        *(_row(model, taken, "s") for model, taken in found["slowest_models"].items()),
    ]  # fmt: skip


def _row(name: str, value: float, unit: str, peers: dict[str, Any] | None = None) -> dict[str, Any]:
    limit = AT_LEAST.get(name, BELOW.get(name))
    return {"name": name, "value": value, "limit": limit, "unit": unit, "peers": peers or {}}


def _holds(row: dict[str, Any]) -> bool:
    name, value = row["name"], row["value"]
    return bool(value >= AT_LEAST.get(name, value) and not value >= BELOW.get(name, value + 1))


def _limit(row: dict[str, Any]) -> str:
    word = "below" if row["name"] in BELOW else "at least"
    return f"({word} {row['limit']})" if row["limit"] else ""


if __name__ == "__main__":
    typer.run(main)
