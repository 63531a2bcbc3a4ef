"""`python -m benchmarks.identity`: labelling beside its peers, the whole step, a day's change."""

import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated, Any

import typer

RESULTS = Path(__file__).resolve().parents[1] / "results" / "identity.json"
PEERS = ("splink", "using_key")
PATIENCE = 120.0
"""Seconds after which the recursive query is stopped; its time then counts as these."""


def main(
    links: Annotated[int, typer.Option(help="Identifier links of the main measurements.")] = 10**7,
    least: Annotated[int, typer.Option(help="Fewest links, for the exponent.")] = 10**6,
    most: Annotated[int, typer.Option(help="Most links, for the exponent.")] = 3 * 10**7,
    repeat: Annotated[int, typer.Option(help="Times each side runs; the fastest counts.")] = 2,
    folder: Annotated[Path | None, typer.Option(help="Where to work.")] = None,
) -> None:
    """Time the identity step on invented evidence. Exit 1 over a limit."""
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        work = Path(temporary)
        found = _measure(work, links, repeat)
        sizes = {}
        for size in (least, most):
            home = _prepared(work, size)
            sizes[size] = _best(repeat, lambda home=home: _step(work, home))  # type: ignore[misc]
            shutil.rmtree(home)
    rows = _results(found, sizes, least, most)
    RESULTS.write_text(json.dumps(rows, indent=2) + "\n", "utf-8")
    for row in rows:
        limit = f" (limit {row['limit']})" if row["limit"] else ""
        print(f"{row['name']:<48} {row['value']:>12,} {row['unit']}{limit}")
    if any(row["limit"] and row["value"] > row["limit"] for row in rows):
        raise typer.Exit(1)


def _measure(work: Path, links: int, repeat: int) -> dict[str, dict[str, Any]]:
    """Every side at the main size, side by side."""
    home = _prepared(work, links)
    _run("edges", home)
    found = {
        side: _best(repeat, lambda side=side: _run(side, home))  # type: ignore[misc]
        for side in ("floor", "label", "label_edges", "splink")
    }
    found["using_key"] = _within(PATIENCE, home)
    for side in ("label_edges", *PEERS):
        if found[side]["people"] not in (None, found["label"]["people"]):
            raise SystemExit(f"expected {side} to find the same components; this is a bug")
    _run("unpeer", home)
    found["full"] = _best(repeat, lambda: _step(work, home))
    resolved = work / "resolved"
    shutil.copytree(home, resolved)
    _run("step", resolved, 1)
    people, new = links // 10, links // 200
    for name, of in (("concentrated", people // 100), ("spread", people)):
        day = work / name
        shutil.copytree(resolved, day)
        _run("grow", day, links // 2, new, of)
        found[name] = _best(repeat, lambda day=day: _step(work, day, 2))  # type: ignore[misc]
        shutil.rmtree(day)
    shutil.rmtree(resolved)
    shutil.rmtree(home)
    return found


def _prepared(work: Path, links: int) -> Path:
    home = work / f"links_{links}"
    home.mkdir()
    _run("prepare", home, links)
    return home


def _step(work: Path, home: Path, day: int = 1) -> dict[str, Any]:
    """The step of a day on a copy of `home`, its process's start included."""
    copy = work / "step"
    shutil.copytree(home, copy)
    os.sync()
    started = time.perf_counter()
    found = _run("step", copy, day)
    found["seconds"] = time.perf_counter() - started
    shutil.rmtree(copy)
    return found


def _best(repeat: int, once: Any) -> dict[str, Any]:
    runs: list[dict[str, Any]] = [once() for _ in range(repeat)]
    best = min(runs, key=lambda run: run["seconds"])
    return {**best, "peak_mb": max(run["peak_mb"] for run in runs)}


def _within(seconds: float, home: Path) -> dict[str, Any]:
    """The recursive query, stopped where it has taken long enough to show who is faster."""
    try:
        return _run("using_key", home, timeout=seconds)
    except subprocess.TimeoutExpired:
        return {"people": None, "seconds": seconds, "peak_mb": 0.0}


def _run(side: str, home: Path, *numbers: int, timeout: float | None = None) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.identity.sides", side, *map(str, numbers)]
    env = {**os.environ, "ONEFOLD_HOME": str(home), "ONEFOLD_THREADS": "2",
           "ONEFOLD_MEMORY_LIMIT": "3GB", "ONEFOLD_IDENTITY_MODEL": ""}  # fmt: skip
    done = subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE, text=True,
                          timeout=timeout)  # fmt: skip
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _results(
    found: dict[str, dict[str, Any]], sizes: dict[int, dict[str, Any]], least: int, most: int
) -> list[dict[str, Any]]:
    seconds = {name: run["seconds"] for name, run in found.items()}
    peers = {name: round(seconds[name], 2) for name in ("floor", *PEERS)}
    growth = math.log(sizes[most]["seconds"] / sizes[least]["seconds"]) / math.log(most / least)
    rows: list[tuple[str, float, float | None, str, dict[str, Any]]] = [
        ("labelling, from links / counting the identifiers", seconds["label"] / seconds["floor"], 8,
         "times", peers),
        ("labelling their edges / Splink's clustering",
         seconds["label_edges"] / seconds["splink"], 1 / 3, "times", peers),
        ("labelling their edges / recursive using key",
         seconds["label_edges"] / seconds["using_key"], 1 / 3, "times", peers),
        ("labelling, links to edges included / Splink's", seconds["label"] / seconds["splink"],
         None, "times", peers),
        ("whole step / counting the identifiers", seconds["full"] / seconds["floor"], 25, "times",
         peers),
        ("change of 1 % of people / whole step", seconds["concentrated"] / seconds["full"], 0.10,
         "times", {}),
        ("1 % change spread over all / whole step", seconds["spread"] / seconds["full"], 0.20,
         "times", {}),
        (f"exponent from {least:,} to {most:,} links", growth, 1.1, "", {}),
        ("peak memory, whole step", found["full"]["peak_mb"], 6000, "MB", {}),
        (f"peak memory at {most:,} links", sizes[most]["peak_mb"], None, "MB", {}),
        *((f"{name}, seconds", value, None, "s", {}) for name, value in seconds.items()),
        *((f"whole step at {size:,} links, seconds", run["seconds"], None, "s", {})
          for size, run in sizes.items()),
        ("people", found["full"]["people"], None, "people", {}),
        ("merges refused", found["full"]["refused"], None, "merges", {}),
        ("records resolved, 1 % of people", found["concentrated"]["resolved"], None, "records",
         {}),
        ("records resolved, spread", found["spread"]["resolved"], None, "records", {}),
    ]  # fmt: skip
    return [
        {
            "name": name,
            "value": round(value, 3) if isinstance(value, float) else value,
            "limit": limit if limit is None else round(limit, 3),
            "unit": unit,
            "peers": beside,
        }
        for name, value, limit, unit, beside in rows
    ]


if __name__ == "__main__":
    typer.run(main)
