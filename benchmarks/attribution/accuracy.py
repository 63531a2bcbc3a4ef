"""`python -m benchmarks.attribution.accuracy`: how near each model comes to what channels caused.

The simulator's company, lived once as it was and once without each channel, so that the sales each
channel caused are known. Models see the journeys only; the data-driven ones are scaled once, by
holdouts that were watched in months 1 to 6. All are scored on sales won in months 7 to 12, on the
channels that had no holdout: the sum of absolute errors over what these channels truly caused.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray
from scipy.special import expit

from attribution.markov import markov, order_scores
from attribution.paths import Floats, Ints, Paths
from attribution.shapley import learn
from simulator.incrementality import tally, without_channel
from simulator.rates import CHANNELS
from simulator.world import World, build_world

RESULTS = Path(__file__).resolve().parents[1] / "results" / "attribution_accuracy.json"
HALF = 6
"""Months whose holdouts may be looked at; the later ones are scored."""
DOUBT = 0.5
"""Standard deviation of the factor that holdouts are expected to find, around 1."""
MODELS = ("last_touch", "linear", "markov", "shapley")
LEARNED = ("markov", "shapley")


Chosen = NDArray[np.bool_]
Model = Callable[[Chosen], Floats]


@dataclass
class Sales:
    """Touches of won deals by their whole group, in order, and those of people without a deal."""

    deal: Ints
    channel: Ints
    visited: Ints  # month of the touch, from 0
    won: Ints  # month in which its deal was won
    buyer: Ints  # of its deal
    lost: Paths  # of people without any deal

    def paths(self, chosen: Chosen) -> Paths:
        """The chosen touches' deals as converting paths, with everybody who is lost."""
        deal, channel = self.deal[chosen], self.channel[chosen]
        begins = np.flatnonzero(np.diff(deal, prepend=-1))
        lost = self.lost
        return Paths(
            len(CHANNELS),
            np.concatenate([channel, lost.channel]),
            np.concatenate([begins, lost.start + len(channel)]),
            np.concatenate([np.ones(len(begins)), np.zeros(len(lost.start))]),
            np.concatenate([np.zeros(len(begins)), lost.lost]),
        )


def main(
    people: Annotated[int, typer.Option(help="People of each simulated company.")] = 100_000,
    seeds: Annotated[int, typer.Option(help="Companies, of seeds 1 to this.")] = 20,
) -> None:
    """Print each seed's errors beside last touch's. Exit 1 over a limit."""
    errors = np.array([_errors(build_world(people, 12, s, holdouts=True), s)
                       for s in range(1, seeds + 1)])  # fmt: skip
    rows = []
    for number, model in enumerate(MODELS):
        ratio = float(np.median(errors[:, number]) / np.median(errors[:, 0]))
        limit = 0.5 if model in LEARNED else None
        rows.append({"name": f"median error, {model} / last_touch", "value": round(ratio, 3),
                     "limit": limit, "unit": "times", "peers": {}})  # fmt: skip
        print(f"{model:<12} median error {np.median(errors[:, number]):.3f}, "
              f"{ratio:.3f} of last touch's" + (f" (limit {limit})" if limit else ""))  # fmt: skip
    RESULTS.write_text(json.dumps(rows, indent=2) + "\n", "utf-8")
    if any(row["limit"] and row["value"] > row["limit"] for row in rows):
        raise typer.Exit(1)


def _errors(world: World, seed: int) -> list[float]:
    """Each model's error in one company."""
    assert world.holdouts is not None
    sales = _sales(world)
    late = sales.won >= HALF
    caused = _caused(world)[HALF:].sum(axis=0)
    unseen = np.ones(len(CHANNELS), np.bool_)
    unseen[world.holdouts.channel] = False
    learned = {"markov": _markov(sales), "shapley": _shapley(sales)}
    found = _rule_credits(sales, late) | {
        name: _factor(world, sales, value) * value(late) for name, value in learned.items()
    }
    errors = [
        float(np.abs(found[name] - caused)[unseen].sum() / np.abs(caused[unseen]).sum())
        for name in MODELS
    ]
    told = ", ".join(f"{name} {error:.3f}" for name, error in zip(MODELS, errors, strict=True))
    print(f"seed {seed:>2}: {told}", flush=True)
    return errors


def _caused(world: World) -> Floats:
    """Sales that each channel caused: shape (months, channels)."""
    story = world.journeys.story
    real = tally(story, world.journeys.outcome.won).conversions.sum(axis=1)
    without = [
        tally(story, without_channel(story, channel, world.holdouts).won).conversions.sum(axis=1)
        for channel in range(len(CHANNELS))
    ]
    return np.stack([real - other for other in without], axis=1).astype(np.float64)


def _sales(world: World) -> Sales:
    """What the marts would know of the company, were its people recognised without an error."""
    journeys = world.journeys
    visits, deals = journeys.sessions, journeys.deals
    order = np.lexsort((visits.start, visits.person))
    person, start, channel = (a[order] for a in (visits.person, visits.start, visits.channel))
    deal, member = journeys.deal_people[deals.won[journeys.deal_people[:, 0]]].T
    begin = np.searchsorted(person, member)
    count = np.searchsorted(person, member, side="right") - begin
    place = np.repeat(begin - np.cumsum(count) + count, count) + np.arange(count.sum())
    deal = np.repeat(deal, count)
    before = start[place] <= deals.closed[deal]
    deal, place = deal[before], place[before]
    ordered = np.lexsort((start[place], deal))
    deal, place = deal[ordered], place[ordered]
    in_deal = np.zeros(len(world.people), np.bool_)
    in_deal[journeys.deal_people[:, 1]] = True
    others = np.flatnonzero(~in_deal[person])
    begins = np.flatnonzero(np.diff(person[others], prepend=-1))
    return Sales(
        deal=deal,
        channel=channel[place],
        visited=_month(world, start[place]),
        won=_month(world, deals.closed[deal]),
        buyer=deals.buyer[deal],
        lost=Paths(len(CHANNELS), channel[others], begins, np.zeros(len(begins)),
                   np.ones(len(begins))),
    )  # fmt: skip


def _month(world: World, moment: Ints) -> Ints:
    return np.searchsorted(world.span.month_starts, moment, side="right") - 1


def _rule_credits(sales: Sales, chosen: Chosen) -> dict[str, Floats]:
    """Sales credited to each channel by last_touch and linear, as the marts' rule models do."""
    deal, channel = sales.deal[chosen], sales.channel[chosen]
    is_last = np.diff(deal, append=-1) != 0
    _, at, touches = np.unique(deal, return_inverse=True, return_counts=True)
    return {
        "last_touch": np.bincount(channel[is_last], minlength=len(CHANNELS)).astype(np.float64),
        "linear": np.bincount(channel, 1 / touches[at], len(CHANNELS)),
    }


def _shapley(sales: Sales) -> Model:
    """Of chosen touches, the sales that would not have been without them, by channel."""
    model = learn(sales.paths(np.ones(len(sales.deal), np.bool_)))

    def value(chosen: Chosen) -> Floats:
        concerned = np.isin(sales.deal, sales.deal[chosen])
        deals, at = np.unique(sales.deal[concerned], return_inverse=True)
        every, mine = (np.zeros((len(deals), len(CHANNELS))) for _ in range(2))
        np.add.at(every, (at, sales.channel[concerned]), 1)
        np.add.at(mine, (at, sales.channel[concerned]), chosen[concerned])
        score = model.intercept + every @ model.coefficient
        without = expit(score[:, None] - mine * model.coefficient)
        return np.asarray((1 - without / expit(score)[:, None]).sum(axis=0))

    return value


def _markov(sales: Sales) -> Model:
    """Of chosen touches, their part of the sales that the chain credits to their channel."""
    paths = sales.paths(np.ones(len(sales.deal), np.bool_))
    order = 1 + int(np.argmax(order_scores(paths, range(1, 4))))
    share = markov(paths, order).share

    def value(chosen: Chosen) -> Floats:
        concerned = np.isin(sales.deal, sales.deal[chosen])
        deals = len(np.unique(sales.deal[concerned]))
        touches = np.bincount(sales.channel[concerned], minlength=len(CHANNELS))
        mine = np.bincount(sales.channel[chosen], minlength=len(CHANNELS))
        return share * deals * mine / touches.clip(1)

    return value


def _factor(world: World, sales: Sales, value: Model) -> float:
    """By what a model's values must be multiplied to agree with the holdouts of months 1 to 6.

    The least squares of measured against foretold sales, each test by its standard error, from a
    prior of 1 with a standard deviation of DOUBT.
    """
    holdouts = world.holdouts
    assert holdouts is not None
    above = below = 1 / DOUBT**2
    _, first = np.unique(sales.deal, return_index=True)
    early = sales.won[first] < HALF
    for test, channel in enumerate(holdouts.channel):
        held = holdouts.held[test]
        ratio = (~held).sum() / held.sum()
        is_held = held[sales.buyer[first]]
        treated, untreated = (early & ~is_held).sum(), (early & is_held).sum()
        measured = treated - untreated * ratio
        variance = treated + untreated * ratio**2
        shown = sales.channel == channel
        shown &= (sales.won < HALF) & holdouts.active[test, sales.visited] & ~held[sales.buyer]
        foretold = value(shown)[channel] if shown.any() else 0.0
        above += measured * foretold / variance
        below += foretold**2 / variance
    return float(above / below)


if __name__ == "__main__":
    typer.run(main)
