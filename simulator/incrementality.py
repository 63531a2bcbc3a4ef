"""What each channel really caused: the world as it is against the same one without the channel."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from simulator import names
from simulator.calendar import Bools, Floats, Ints
from simulator.decisions import Outcome, Story, decide
from simulator.holdouts import Holdouts
from simulator.journeys import kept_visits
from simulator.rates import CHANNELS
from simulator.world import World
from simulator.writers import table, write_lines

CURRENCIES: tuple[str, ...] = tuple(sorted(set(names.CURRENCIES)))

_WORLDS = """
    select channel || ',' || iso_day(month) || ',' || currency || ','
        || conversions || ',' || conversions_without || ','
        || printf('%.2f', revenue) || ',' || printf('%.2f', revenue_without) || ','
        || printf('%.2f', refunds) || ',' || printf('%.2f', refunds_without) as line
    from {name}
    order by n"""
_ARMS = """
    select t.channel || ',' || iso_day(t.month) || ',P' || lpad(a.person::varchar, 7, '0') || ','
        || case when a.held then 'holdout' else 'treatment' end as line
    from holdout_months as t
    inner join holdout_arms as a on t.test = a.test
    order by t.n, a.person"""
# A form is an event of somebody who has another record; nobody can be assigned by it.
_ASSIGNMENTS = """
    select t.channel || '_holdout,' || t.channel || ',' || iso_day(t.month) || ','
        || last_day(make_timestamp(t.month * 1000)) || ','
        || r.source || ',' || r.record_type || ',' || r.record_id || ','
        || case when a.held then 'holdout' else 'treatment' end as line
    from holdout_months as t
    inner join holdout_arms as a on t.test = a.test
    inner join records as r on a.person = r.person and r.record_type <> 'form_submission'
    order by t.n, r.source, r.record_type, r.record_id"""
_ASSIGNMENTS_HEADER = "experiment,channel,starts_on,ends_on,source,record_type,record_id,arm\n"


@dataclass
class Tally:
    """Sales and refunds of one world, arrays of shape (months, currencies).

    Amounts are in the currency itself; a sale counts in the month it was closed, a refund in its
    own.
    """

    conversions: Ints
    revenue: Floats
    refunds: Floats


def tally(story: Story, won: Bools) -> Tally:
    """Count the deals won in one world by month and currency."""
    deals = story.deals
    number = np.array([CURRENCIES.index(code) for code in names.CURRENCIES])
    currency = number[deals.currency_country]
    back = won & (deals.refund_at > 0)
    amount = deals.amount.astype(np.float64)

    def cells(at: Ints, chosen: Bools, weights: Floats) -> Floats:
        month = np.searchsorted(story.span.month_starts, at[chosen], side="right") - 1
        cell = month * len(CURRENCIES) + currency[chosen]
        shape = (len(story.span.months), len(CURRENCIES))
        counts = np.bincount(cell, weights[chosen], shape[0] * shape[1])
        return counts.astype(np.float64).reshape(shape)

    return Tally(
        conversions=cells(deals.closed, won, np.ones(len(deals))).astype(np.int64),
        revenue=cells(deals.closed, won, amount),
        refunds=cells(deals.refund_at, back, amount * deals.refund_share),
    )


def without_channel(story: Story, channel: int, holdouts: Holdouts | None = None) -> Outcome:
    """The same people and the same random numbers, but no visit through one channel."""
    kept, deal_kept = kept_visits(story, holdouts)
    return decide(
        story, kept & (story.visits.channel != channel),
        deal_kept & (story.deal_visits.channel != channel),
    )  # fmt: skip


def holdout_worlds(story: Story, holdouts: Holdouts, test: int) -> tuple[Outcome, Outcome]:
    """The world if everyone of one test were in the treatment arm, and in the holdout arm."""
    treated, held = (
        decide(story, *kept_visits(story, holdouts.with_arm(test, arm))) for arm in (False, True)
    )
    return treated, held


def write_incrementality(
    con: duckdb.DuckDBPyConnection, folder: Path, world: World
) -> dict[str, int]:
    """Write the causal truth below `folder`: per channel, and per holdout if there are any.

    Holdouts need table `records` of write_truth.
    """
    story, holdouts = world.journeys.story, world.holdouts
    real = tally(story, world.journeys.outcome.won)
    rows = [
        (name, real, tally(story, without_channel(story, number, holdouts).won))
        for number, name in enumerate(CHANNELS)
    ]
    _load(con, "channel_worlds", rows, world)
    header = "channel,month,currency," + "".join(
        f"{name},{name}_without," for name in ("conversions", "revenue", "refunds")
    )
    name = "channel_incrementality.csv"
    files = {
        f"truth/{name}": write_lines(
            con,
            folder / name,
            [_WORLDS.format(name="channel_worlds")],
            header=header.rstrip(",") + "\n",
        )
    }
    return files | (_write_holdouts(con, folder, world, holdouts) if holdouts else {})


def _write_holdouts(
    con: duckdb.DuckDBPyConnection, folder: Path, world: World, holdouts: Holdouts
) -> dict[str, int]:
    story = world.journeys.story
    rows = []
    for test, number in enumerate(holdouts.channel):
        treated, held = holdout_worlds(story, holdouts, test)
        rows.append((CHANNELS[number], tally(story, treated.won), tally(story, held.won)))
    _load(con, "holdout_worlds", rows, world)
    tests, months = np.nonzero(holdouts.active)
    table(con, "holdout_months", {"n": np.arange(len(tests)), "test": tests,
          "channel": [CHANNELS[holdouts.channel[t]] for t in tests],
          "month": np.array(world.span.month_starts)[months]})  # fmt: skip
    count, people = holdouts.held.shape
    table(con, "holdout_arms", {"test": np.repeat(np.arange(count), people),
          "person": np.tile(np.arange(people), count), "held": holdouts.held.ravel()})  # fmt: skip
    header = "channel,month,currency," + "".join(
        f"{name}_treatment,{name}_holdout," for name in ("conversions", "revenue", "refunds")
    )
    return {
        "truth/holdouts.csv": write_lines(
            con, folder / "holdouts.csv", [_ARMS], header="channel,month,person,arm\n"
        ),
        "truth/holdout_assignments.csv": write_lines(
            con, folder / "holdout_assignments.csv", [_ASSIGNMENTS], header=_ASSIGNMENTS_HEADER
        ),
        "truth/holdout_effects.csv": write_lines(
            con,
            folder / "holdout_effects.csv",
            [_WORLDS.format(name="holdout_worlds")],
            header=header.rstrip(",") + "\n",
        ),
    }


def _load(
    con: duckdb.DuckDBPyConnection, name: str, rows: list[tuple[str, Tally, Tally]], world: World
) -> None:
    """Table `name`: channel, month and currency, each number in the one world and the other."""
    months, currencies = len(world.span.months), len(CURRENCIES)
    cells = months * currencies
    columns: dict[str, Any] = {
        "n": np.arange(len(rows) * cells),
        "channel": [channel for channel, _, _ in rows for _ in range(cells)],
        "month": np.tile(np.repeat(world.span.month_starts, currencies), len(rows)),
        "currency": list(CURRENCIES) * months * len(rows),
    }
    for field in ("conversions", "revenue", "refunds"):
        columns[field] = np.concatenate([getattr(one, field).ravel() for _, one, _ in rows])
        columns[f"{field}_without"] = np.concatenate(
            [getattr(other, field).ravel() for _, _, other in rows]
        )
    table(con, name, columns)
