"""`python -m benchmarks.ingestion`: both sides over the same files, one after the other."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from benchmarks.ingestion.events import write
from benchmarks.ingestion.sides import TOMBSTONES, tables

RESULTS = Path(__file__).resolve().parents[1] / "results" / "ingestion.json"
LIMITS = {"ratio": 2.5, "peak_mb": 4096.0}


def main(
    gigabytes: Annotated[float, typer.Option(help="Size of the files together.")] = 5.0,
    file_megabytes: Annotated[int, typer.Option(help="Size of one file.")] = 1280,
    folder: Annotated[Path | None, typer.Option(help="Keep the files here.")] = None,
    repeat: Annotated[int, typer.Option(help="Times each side runs; the fastest counts.")] = 1,
) -> None:
    """Land web events and compare with `create table as select`. Exit 1 over a limit."""
    with tempfile.TemporaryDirectory() as temporary:
        work = Path(temporary)
        files = folder or work / "files"
        _write(files, gigabytes, file_megabytes << 20)
        sides: dict[str, list[Any]] = {"land": [], "create_as_select": []}
        for turn in range(repeat):
            for side, found in sides.items():
                home = work / f"{side}_{turn}"
                if side == "land":
                    _run("prepare", files, home)
                found.append(json.loads(_run(side, files, home)))
                shutil.rmtree(home)
        size = sum(f.stat().st_size for f in files.iterdir()) / 1e9
    best = {side: min(found, key=lambda run: run["seconds"]) for side, found in sides.items()}
    results = _results(best, size)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", "utf-8")
    for row in results:
        limit = f" (limit {row['limit']})" if row["limit"] else ""
        print(f"{row['name']:<42} {row['value']:>12,} {row['unit']}{limit}")
    if any(row["limit"] and row["value"] > row["limit"] for row in results):
        raise typer.Exit(1)


def _write(folder: Path, gigabytes: float, file_bytes: int) -> None:
    each = max(1, round(gigabytes * (1 << 30) / 2 / file_bytes))
    size = int(gigabytes * (1 << 30) / 2 / each)
    header = ",".join(column.name for column in tables()["csv"].columns)
    for kind in ("jsonl", "csv"):
        write(folder, kind, each, size, header)


def _run(side: str, files: Path, home: Path) -> str:
    home.mkdir(exist_ok=True)
    command = [sys.executable, "-m", "benchmarks.ingestion.sides", side, str(files)]
    env = {**os.environ, "ONEFOLD_HOME": str(home), "ONEFOLD_TOMBSTONE_KEY": "benchmark"}
    return subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE, text=True).stdout


def _results(best: dict[str, Any], size: float) -> list[dict[str, Any]]:
    land, peer = best["land"], best["create_as_select"]
    named = {"create table as select": round(peer["seconds"], 1)}
    return [
        _row("landing / create table as select", land["seconds"] / peer["seconds"], "times",
             LIMITS["ratio"], named),
        _row("landing, seconds", land["seconds"], "s", None, named),
        _row("landing, peak memory", land["peak_mb"], "MB", LIMITS["peak_mb"],
             {"create table as select": round(peer["peak_mb"])}),
        _row("files", size, "GB", None, {}),
        _row("rows landed", land["rows"], "rows", None, {"create table as select": peer["rows"]}),
        _row("malformed lines kept apart", land["rejected"], "lines", None, {}),
        _row("tombstones looked up", TOMBSTONES, "people", None, {}),
    ]  # fmt: skip


def _row(
    name: str, value: float, unit: str, limit: float | None, peers: dict[str, Any]
) -> dict[str, Any]:
    value = round(value, 2) if isinstance(value, float) else value
    return {"name": name, "value": value, "limit": limit, "unit": unit, "peers": peers}


if __name__ == "__main__":
    typer.run(main)
