"""`python -m benchmarks.attribution.accuracy`: how near each model comes to what channels caused.

The simulator's company, lived once as it was and once without each channel, so that the sales each
channel caused are known. The marts see the journeys only, and of holdouts those watched in months 1
to 6. Scored is what `int_attribution__credits` and `int_attribution__channel_credits` credit in
months 7 to 12 to the channels that had no holdout: the sum of absolute errors over what these
channels truly caused.
"""

import json
import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer

from attribution.paths import Floats
from benchmarks.attribution import company
from simulator.incrementality import tally, without_channel
from simulator.rates import CHANNELS, MEDIA
from simulator.world import World, build_world
from warehouse.connection import connect
from warehouse.dbt import build

RESULTS = Path(__file__).resolve().parents[1] / "results" / "attribution_accuracy.json"
HALF = 6
"""Months whose holdouts may be looked at; the later ones are scored."""
MODELS = ("last_touch", "linear", "markov", "shapley")
LEARNED = ("markov", "shapley")
SEEDS = "channels conversion_types role_weights attribution_models data_driven_rules"
CREDITED = (
    "int_attribution__people int_attribution__milestones int_attribution__inputs "
    "int_attribution__affected int_attribution__affected_touches conversion_touches "
    "fct_attributed_conversions int_attribution__credits"
)
LEARNING = (
    "int_attribution__eligible_touches int_attribution__decision_days "
    "int_attribution__lost_journeys int_attribution__lost_deals int_attribution__channel_paths "
    "channel_effects int_attribution__channel_credits"
)

_CREDITS = """
with credits as (
    from marts.int_attribution__credits
    union all by name
    from marts.int_attribution__channel_credits
)
select model, channel, sum(weight)
from credits
where conversion_type = 'closed_won' and period >= make_timestamp(? * 1000)
group by all
"""


def main(
    people: Annotated[int, typer.Option(help="People of each simulated company.")] = 300_000,
    seeds: Annotated[int, typer.Option(help="Companies, of seeds 1 to this.")] = 20,
    shuffled: Annotated[
        bool, typer.Option("--shuffled", help="Deal the effects out to other channels by seed.")
    ] = False,
    folder: Annotated[Path | None, typer.Option(help="Where to work.")] = None,
) -> None:
    """Print each seed's errors beside last touch's. Exit 1 over a limit.

    With `shuffled` no result is written: it shows that nothing leans on which channel does what.
    """
    found = []
    with tempfile.TemporaryDirectory(dir=folder) as temporary:
        os.environ["ONEFOLD_HOME"] = temporary
        build(SEEDS, command="seed")
        for seed in range(1, seeds + 1):
            dealt = np.random.default_rng(seed).permutation(MEDIA.effect)
            media = replace(MEDIA, effect=tuple(dealt.tolist())) if shuffled else MEDIA
            found.append(errors(build_world(people, 12, seed, media=media, holdouts=True)))
            named = zip(MODELS, found[-1], strict=True)
            told = ", ".join(f"{name} {error:.3f}" for name, error in named)
            print(f"seed {seed:>2}: {told}", flush=True)
    medians = np.median(found, axis=0)
    rows: list[dict[str, Any]] = []
    for model, median in zip(MODELS, medians.tolist(), strict=True):
        ratio = median / medians[0]
        limit = 0.5 if model in LEARNED else None
        rows.append({"name": f"median error, {model} / last_touch", "value": round(ratio, 3),
                     "limit": limit, "unit": "times", "peers": {}})  # fmt: skip
        print(f"{model:<12} median error {median:.3f}, {ratio:.3f} of last touch's"
              + (f" (limit {limit})" if limit else ""))  # fmt: skip
    if not shuffled:
        RESULTS.write_text(json.dumps(rows, indent=2) + "\n", "utf-8")
    if any(row["limit"] and row["value"] > row["limit"] for row in rows):
        raise typer.Exit(1)


def errors(world: World) -> list[float]:
    """Each of MODELS' error in one company, of what its marts credit; the SEEDS have been built."""
    assert world.holdouts is not None
    with connect("benchmark") as con:
        company.create(con, world)
    build(CREDITED, command="run")
    with connect("benchmark") as con:
        company.experiments(con, world, HALF)
    build(LEARNING, command="run")
    with connect("benchmark", read_only=True) as con:
        credited = con.execute(_CREDITS, [world.span.month_starts[HALF]]).fetchall()
    caused = _caused(world)[HALF:].sum(axis=0)
    unseen = np.ones(len(CHANNELS), np.bool_)
    unseen[world.holdouts.channel] = False
    found = {model: np.zeros(len(CHANNELS)) for model in MODELS}
    for model, channel, sales in credited:
        if model in found and channel in company.NAMES:
            found[model][company.NAMES.index(channel)] = sales
    return [
        float(np.abs(found[name] - caused)[unseen].sum() / np.abs(caused[unseen]).sum())
        for name in MODELS
    ]


def _caused(world: World) -> Floats:
    """Sales that each channel caused: shape (months, channels)."""
    story = world.journeys.story
    real = tally(story, world.journeys.outcome.won).conversions.sum(axis=1)
    without = [
        tally(story, without_channel(story, channel, world.holdouts).won).conversions.sum(axis=1)
        for channel in range(len(CHANNELS))
    ]
    return np.stack([real - other for other in without], axis=1).astype(np.float64)


if __name__ == "__main__":
    typer.run(main)
