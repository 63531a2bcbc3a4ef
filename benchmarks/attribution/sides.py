"""One side of the benchmark, in a process of its own: prints {"seconds", "peak_mb", …} as JSON."""

import json
import resource
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np

from attribution.markov import markov
from attribution.paths import paths_of
from benchmarks.attribution import world
from warehouse.connection import connect
from warehouse.dbt import build, parsed
from warehouse.settings import settings

SEEDS = "channels conversion_types attribution_models role_weights"
MODELS = (
    "int_attribution__people int_attribution__milestones int_attribution__eligible_touches "
    "int_attribution__inputs int_attribution__affected int_attribution__affected_touches "
    "conversion_touches"
)
PATHS, CHANNELS, LONGEST, ORDERS, SEED = 10_000, 12, 10, (1, 2, 3, 4), 20261130


def prepare(touches: int) -> dict[str, Any]:
    """The upstream tables of `touches` touches and the rules, in the warehouse of ONEFOLD_HOME."""
    with connect("benchmark") as con:
        world.create(con, touches)
    parsed(settings())
    build(SEEDS, command="seed")
    return {}


def floor() -> dict[str, Any]:
    """One windowed scan of the touches; the file's first reading is not timed."""
    with connect("benchmark", read_only=True) as con:
        con.execute(world.FLOOR).fetchall()
        started = time.perf_counter()
        con.execute(world.FLOOR).fetchall()
        return {"seconds": time.perf_counter() - started}


def rules(anew: int = 0) -> dict[str, Any]:
    """The eight rule models up to conversion_touches: the seconds of dbt's models, not its start.

    `anew`: all conversions, else those whose inputs changed; `affected` says how many. Raises
    SystemExit where the amounts do not add up to the conversions' value.
    """
    if anew:
        with connect("benchmark") as con:
            con.execute("drop table if exists marts.conversion_touches")
            con.execute("checkpoint")
    done = build(MODELS, command="run")
    with connect("benchmark", read_only=True) as con:
        ((rows, usd, value, affected),) = con.execute(
            "select count(*), sum(u_shaped_revenue_usd), "
            "(select sum(revenue_usd) from marts.fct_conversions), "
            "(select count(*) from ops.int_attribution__affected) from marts.conversion_touches"
        ).fetchall()
    if usd != value:
        raise SystemExit(f"expected amounts that sum to {value}, got {usd}; this is a bug")
    seconds = sum(node.seconds for node in done.nodes)
    return {"seconds": seconds, "rows": rows, "affected": affected}


def change(day: int) -> dict[str, Any]:
    """New touches of one person in a hundred, not timed; `rules` then credits what they concern."""
    with connect("benchmark") as con:
        world.change(con, day)
    return {"seconds": None}


def chains() -> dict[str, Any]:
    """Markov chains of four orders over distinct paths; `share` by channel is that of order 1."""
    paths, names = paths_of(_journeys())
    started = time.perf_counter()
    found = [markov(paths, order) for order in ORDERS]
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "share": dict(zip(names, found[0].share.tolist(), strict=True))}


def simulated() -> dict[str, Any]:
    """ChannelAttribution's order 1 over the same paths; None where it is not installed."""
    if find_spec("ChannelAttribution") is None:
        return {"seconds": None, "share": None}
    import pandas as pd
    from ChannelAttribution import markov_model

    rows = pd.DataFrame(
        [(" > ".join(path), converted, lost) for path, converted, lost in _journeys()],
        columns=["path", "converted", "lost"],
    )
    started = time.perf_counter()
    found = markov_model(rows, "path", "converted", var_null="lost", verbose=False)
    seconds = time.perf_counter() - started
    credit = found.set_index("channel_name")["total_conversions"]
    return {"seconds": seconds, "share": (credit / credit.sum()).to_dict()}


def _journeys() -> list[tuple[tuple[str, ...], float, float]]:
    """Distinct paths, (channels, converted, lost); the last channels are rare. Seeded."""
    rng = np.random.default_rng(SEED)
    chance = 0.7 ** np.arange(CHANNELS)
    walked: dict[tuple[str, ...], tuple[float, float]] = {}
    while len(walked) < PATHS:
        path = rng.choice(CHANNELS, rng.integers(1, LONGEST + 1), p=chance / chance.sum())
        converted, lost = rng.integers(0, 3), rng.integers(1, 20)
        walked[tuple(f"channel {number}" for number in path)] = (float(converted), float(lost))
    return [(path, *counts) for path, counts in walked.items()]


SIDES: dict[str, Callable[..., dict[str, Any]]] = {
    "prepare": prepare, "floor": floor, "rules": rules, "change": change, "chains": chains,
    "simulated": simulated,
}  # fmt: skip


def main(side: str, *numbers: str) -> None:
    """Run one side on the warehouse of ONEFOLD_HOME."""
    found = SIDES[side](*map(int, numbers))
    found["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
