"""`python -m benchmarks.attribution`: rule models, whole and a day's change, beside one scan."""

import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

RESULTS = Path(__file__).resolve().parents[1] / "results" / "attribution.json"
MEMORY = "5GB"
"""DuckDB's limit, beyond which it spills; the process takes more."""


def main(
    touches: Annotated[int, typer.Option(help="Touches of the main measurement.")] = 10**7,
    least: Annotated[int, typer.Option(help="Fewest touches, for the exponent.")] = 10**6,
    most: Annotated[int, typer.Option(help="Most touches, for the exponent.")] = 3 * 10**7,
    repeat: Annotated[int, typer.Option(help="Times each side runs; the fastest counts.")] = 3,
    folder: Annotated[Path | None, typer.Option(help="Where to work.")] = None,
) -> None:
    """Time the eight rule models on invented touches. Exit 1 over a limit."""
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        work = Path(temporary)
        sizes = {
            size: _measure(work / f"touches_{size}", size, repeat)
            for size in sorted({least, touches, most})
        }
        chains, simulated = (
            _best([_run(side, work) for _ in range(repeat)]) for side in ("chains", "simulated")
        )
    rows = _results(sizes, touches, least, most, (chains, simulated))
    RESULTS.write_text(json.dumps(rows, indent=2) + "\n", "utf-8")
    for row in rows:
        limit = f" (limit {row['limit']})" if row["limit"] else ""
        print(f"{row['name']:<56} {row['value']:>12,} {row['unit']}{limit}")
    if any(row["limit"] and row["value"] > row["limit"] for row in rows):
        raise typer.Exit(1)


def _measure(home: Path, touches: int, repeat: int) -> dict[str, dict[str, Any]]:
    """The scan, the build and a day's change, in turns, so that all meet the same machine."""
    home.mkdir()
    _run("prepare", home, touches)
    found: dict[str, list[dict[str, Any]]] = {"floor": [], "rules": [], "day": []}
    for day in range(repeat):
        found["floor"].append(_run("floor", home))
        found["rules"].append(_run("rules", home, 1))
        _run("change", home, day)
        found["day"].append(_run("rules", home))
    shutil.rmtree(home)
    return {side: _best(runs) for side, runs in found.items()}


def _best(runs: list[dict[str, Any]]) -> dict[str, Any]:
    best = min(runs, key=lambda run: run["seconds"] or 0)
    return {**best, "peak_mb": max(run["peak_mb"] for run in runs)}


def _run(side: str, home: Path, *numbers: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "benchmarks.attribution.sides", side, *map(str, numbers)]
    env = {**os.environ, "ONEFOLD_HOME": str(home), "ONEFOLD_THREADS": "2",
           "ONEFOLD_MEMORY_LIMIT": MEMORY}  # fmt: skip
    done = subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _results(
    sizes: dict[int, dict[str, dict[str, Any]]],
    touches: int,
    least: int,
    most: int,
    markov: tuple[dict[str, Any], dict[str, Any]],
) -> list[dict[str, Any]]:
    main, (chains, simulated) = sizes[touches], markov
    seconds = {size: sides["rules"]["seconds"] for size, sides in sizes.items()}
    scan = {"one windowed scan": round(main["floor"]["seconds"], 2)}
    growth = math.log(seconds[most] / seconds[least]) / math.log(most / least)
    peer: dict[str, Any] = {"ChannelAttribution": "not installed"}
    if simulated["share"]:
        exact = chains["share"]
        wrong = max(abs(simulated["share"].get(name, 0) - exact[name]) for name in exact)
        peer = {"ChannelAttribution": round(simulated["seconds"], 2),
                "ChannelAttribution, largest error of a share": round(wrong, 4)}  # fmt: skip
    rows: list[tuple[str, float, float | None, str, dict[str, Any]]] = [
        ("eight rule models / one windowed scan", seconds[touches] / main["floor"]["seconds"], 15,
         "times", scan),
        ("a day's change of 1 % of people / eight rule models",
         main["day"]["seconds"] / seconds[touches], 0.1, "", {
             "conversions credited anew": main["day"]["affected"]}),
        (f"exponent from {least:,} to {most:,} touches", growth, 1.1, "", {}),
        ("peak memory, eight rule models", main["rules"]["peak_mb"], 8000, "MB", {}),
        ("markov orders 1 to 4 on 10,000 distinct paths", chains["seconds"], 1, "s", peer),
        *((f"eight rule models at {size:,} touches", value, None, "s",
           {"one windowed scan": round(sizes[size]["floor"]["seconds"], 2)})
          for size, value in seconds.items()),
        (f"peak memory at {most:,} touches", sizes[most]["rules"]["peak_mb"], None, "MB", {}),
        ("rows of conversion_touches", main["rules"]["rows"], None, "rows", {}),
    ]  # fmt: skip
    return [
        {
            "name": name,
            "value": round(value, 3) if isinstance(value, float) else value,
            "limit": limit,
            "unit": unit,
            "peers": beside,
        }
        for name, value, limit, unit, beside in rows
    ]


if __name__ == "__main__":
    typer.run(main)
