"""A media mix model of the weekly tables, fitted by PyMC-Marketing and compared with a truth.

    python -m attribution.mix_model [--truth channel_incrementality.csv]

It needs the extra `mmm`; docs/how_to_fit_a_media_mix_model.md explains what it does and found.
"""

import argparse
import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import duckdb
import numpy as np
from numpy.typing import NDArray

from attribution.errors import AttributionError

Floats = NDArray[np.float64]

MEDIA = ("spend_usd", "impressions", "clicks", "touches", "sessions")
OUTCOMES = {
    "leads": "lead_created", "mqls": "mql", "opportunities": "opportunity_created",
    "conversions": "closed_won", "revenue_usd": None,
}  # fmt: skip
"""Columns of `mmm_weekly_outcomes`, and the conversion type whose lift tells of the same."""
LEAST_WEEKS = 26
"""Weeks below which there is nothing to fit: half a year, for a trend and two channels or so."""
SIMULATED = {"ai_assistant": "ai_assistants"}
"""Channels that the simulator names otherwise than `channels.csv`."""
INTERVAL = (0.05, 0.95)
"""Ends of the interval that is told: nine in ten draws are in it."""


class Weeks(NamedTuple):
    """Complete weeks in order: media has the shape (weeks, channels), the others (weeks,)."""

    starts: list[date]
    channels: tuple[str, ...]
    media: Floats
    outcome: Floats
    holiday_days: Floats


class Lift(NamedTuple):
    """An experiment as a model can learn from it, per week and as if everyone had been treated.

    `media` in the unit of the weeks, `caused` and its standard deviation `sigma` in the outcome's.
    """

    channel: str
    media: float
    caused: float
    sigma: float


class Fit(NamedTuple):
    """`caused`: of the outcome over all weeks, shape (draws, channels); the worst R-hat."""

    caused: Floats
    r_hat: float
    divergences: int


class Comparison(NamedTuple):
    """What the model says a channel caused over all weeks, and what it did, if that is known."""

    channel: str
    estimate: float
    low: float
    high: float
    caused: float | None

    @property
    def is_inside(self) -> bool | None:
        """Whether the interval holds the truth; None if that is not known."""
        return None if self.caused is None else self.low <= self.caused <= self.high


def read(
    con: duckdb.DuckDBPyConnection, media: str = "touches", outcome: str = "conversions"
) -> Weeks:
    """The complete weeks of `marts.mmm_weekly` and `mmm_weekly_outcomes`, by name of a column.

    Channels are those with media in at least half of the weeks; touches without consent name none.
    Raises AttributionError for another column, and for too few weeks or no channel.
    """
    _known(media, outcome)
    rows = con.execute(
        f"""
        select week_start, {outcome}::double, holiday_days::double
        from marts.mmm_weekly_outcomes where is_complete order by week_start
        """
    ).fetchall()
    if len(rows) < LEAST_WEEKS:
        raise AttributionError(f"expected {LEAST_WEEKS} complete weeks or more, got {len(rows)}")
    cells = con.execute(
        f"""
        select channel, list({media}::double order by week_start)
        from marts.mmm_weekly where is_complete and not starts_with(channel, '(')
        group by channel having count_if({media} > 0) * 2 >= count(*) order by channel
        """
    ).fetchall()
    if not cells:
        raise AttributionError(f"expected a channel with {media} in half of the weeks, got none")
    starts, outcomes, holidays = zip(*rows, strict=True)
    return Weeks(
        list(starts), tuple(channel for channel, _ in cells),
        np.array([values for _, values in cells], dtype=np.float64).T,
        np.array(outcomes, dtype=np.float64), np.array(holidays, dtype=np.float64),
    )  # fmt: skip


def lifts(
    con: duckdb.DuckDBPyConnection, media: str = "touches", outcome: str = "conversions"
) -> list[Lift]:
    """What the experiments of `marts.lift_results` measured of an outcome, one entry each.

    Media are those of the whole weeks in its periods, raised by what the holdouts did not see. The
    standard deviation is that of the interval, over companies where they decide. A lift below
    nothing counts as nothing, with the same deviation, for the model's effects are not negative.
    """
    kind = _known(media, outcome)
    rows = con.execute(
        f"""
        with spans as (
            select experiment, channel, sum(epoch(ends_at - starts_at)) / 604800 as weeks
            from marts.int_lift__periods group by all
        ),
        levels as (
            select periods.experiment, periods.channel, avg({media})::double as media
            from marts.int_lift__periods as periods
            inner join marts.mmm_weekly as weekly
                on periods.channel = weekly.channel and weekly.week_start >= periods.starts_at
                and weekly.week_start + interval 7 day <= periods.ends_at
            group by all
        )
        select results.channel, media * scale, greatest(incremental_conversions, 0) * scale / weeks,
            (incremental_conversions_high - incremental_conversions) / interval_z
            * sqrt(greatest(design_effect, 1)) * scale / weeks
        from (
            select *, 1 + holdout_people / treatment_people as scale from marts.lift_results
            where conversion_type = ? and incremental_conversions is not null
        ) as results
        inner join rules.lift_rules using (conversion_type)
        inner join spans using (experiment, channel)
        inner join levels using (experiment, channel)
        where media > 0
        order by results.channel, results.starts_at, results.experiment
        """,
        [kind],
    ).fetchall()
    return [Lift(*row) for row in rows]


def _known(media: str, outcome: str) -> str | None:
    """The conversion type of the outcome, if both are columns."""
    for name, known in ((media, MEDIA), (outcome, OUTCOMES)):
        if name not in known:
            raise AttributionError(f"expected one of {', '.join(known)}, got {name}")
    return OUTCOMES[outcome]


def fit(
    weeks: Weeks, seed: int, measured: Sequence[Lift] = (), *, carry_over_weeks: int = 8,
    draws: int = 500, tune: int = 1_000, chains: int = 2,
) -> Fit:  # fmt: skip
    """Geometric adstock, logistic saturation, a trend, holidays and two waves a year.

    Priors are PyMC-Marketing's own but for two: the outcome without media is not negative, and
    before the data are seen, the channels together cause about all of it, each in proportion to its
    media (`effect_scale`). Nothing is caused where there is no media, so that the sum of a
    channel's contributions is what would be missing without it. Each experiment in `measured` is
    one more observation: of the effect of so much media, week after week. Raises AttributionError
    where the extra is not installed.
    """
    try:
        import arviz
        import pandas as pd
        import pymc.dims
        from pymc_extras.prior import Prior
        from pymc_marketing.mmm import GeometricAdstock, LogisticSaturation
        from pymc_marketing.mmm.multidimensional import MMM
    except ImportError as error:
        raise AttributionError(
            f"expected the extra mmm, got no {error.name}; pip install 'onefold[mmm]'"
        ) from None
    frame = pd.DataFrame(weeks.media, columns=list(weeks.channels))
    frame.insert(0, "week_start", pd.to_datetime(weeks.starts))
    frame["trend"] = np.linspace(0, 1, len(frame))
    frame["holiday_days"] = weeks.holiday_days
    outcome = pd.Series(weeks.outcome, name="outcome")
    model = MMM(
        date_column="week_start", channel_columns=list(weeks.channels), target_column="outcome",
        adstock=GeometricAdstock(l_max=carry_over_weeks), saturation=LogisticSaturation(),
        control_columns=["trend", "holiday_days"], yearly_seasonality=2,
        model_config={
            "intercept": Prior("HalfNormal", sigma=1),
            "saturation_beta": Prior("HalfNormal", sigma=effect_scale(weeks), dims="channel"),
        },
    )  # fmt: skip
    model.build_model(frame, outcome)
    model.add_original_scale_contribution_variable(["channel_contribution"])
    tests = pd.DataFrame(
        [lift for lift in measured if lift.channel in weeks.channels],
        columns=["channel", "delta_x", "delta_y", "sigma"],
    ).assign(x=0.0)
    if len(tests):
        model.add_lift_test_measurements(tests, dist=pymc.dims.Normal)
    model.fit(
        frame, outcome, draws=draws, tune=tune, chains=chains, cores=min(chains, 2),
        target_accept=0.95, random_seed=seed, progressbar=False,
    )  # fmt: skip
    found = model.idata.posterior
    fitted = [name.name for name in model.model.free_RVs]
    caused = found["channel_contribution_original_scale"].sum("date")
    return Fit(
        caused.stack(sample=("chain", "draw")).transpose("sample", "channel").to_numpy(),
        max(float(worst.max()) for worst in arviz.rhat(found[fitted]).data_vars.values()),
        int(model.idata.sample_stats["diverging"].sum()),
    )


def effect_scale(weeks: Weeks) -> Floats:
    """Scale of each channel's half-normal prior effect, shape (channels,).

    In the units of PyMC-Marketing, where the largest week of the outcome is 1: twice the mean
    week, in proportion to the channel's share of all media. The mean of a half-normal is 0.8 of its
    scale, and a mean week of media makes 0.6 of the largest effect, so together they are near the
    mean week.
    """
    share = weeks.media.sum(axis=0) / weeks.media.sum()
    scale: Floats = 2 * share * weeks.outcome.mean() / np.abs(weeks.outcome).max()
    return scale


def compare(
    channels: Sequence[str], caused: Floats, truth: Mapping[str, float] | None = None
) -> list[Comparison]:
    """Mean and interval of each channel's column of `caused`, shape (draws, channels)."""
    if caused.ndim != 2 or caused.shape[1] != len(channels):
        raise AttributionError(
            f"expected draws by {len(channels)} channels, got the shape {caused.shape}"
        )
    low, high = np.quantile(caused, INTERVAL, axis=0)
    return [
        Comparison(
            channel, float(caused[:, place].mean()), float(low[place]), float(high[place]),
            (truth or {}).get(channel),
        )
        for place, channel in enumerate(channels)
    ]  # fmt: skip


def true_sales(lines: Iterable[str]) -> dict[str, float]:
    """Sales each channel caused, of the lines of the simulator's channel_incrementality.csv."""
    caused = defaultdict[str, float](float)
    for row in csv.DictReader(lines):
        channel = SIMULATED.get(row["channel"], row["channel"])
        caused[channel] += int(row["conversions"]) - int(row["conversions_without"])
    if not caused:
        raise AttributionError("expected the rows of channel_incrementality.csv, got none")
    return dict(caused)


def table(weeks: Weeks, found: Fit, rows: Iterable[Comparison]) -> str:
    """The comparison as lines of text."""
    lines = [
        f"{len(weeks.starts)} weeks, {weeks.outcome.sum():,.0f} of the outcome; "
        f"R-hat {found.r_hat:.3f}, {found.divergences} divergences",
        f"{'channel':<20}{'media':>9}{'estimate':>10}{'5 %':>8}{'95 %':>8}{'truth':>8}  inside",
    ]
    media = dict(zip(weeks.channels, weeks.media.sum(axis=0), strict=True))
    for row in rows:
        known = row.caused is not None
        lines.append(
            f"{row.channel:<20}{media[row.channel]:>9,.0f}{row.estimate:>10.1f}{row.low:>8.1f}"
            f"{row.high:>8.1f}" + (f"{row.caused:>8.0f}  {row.is_inside}" if known else "")
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    """Fit the weeks of the build warehouse and print the comparison."""
    from warehouse.connection import connect

    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--media", default="touches", choices=MEDIA)
    parser.add_argument("--outcome", default="conversions", choices=OUTCOMES)
    parser.add_argument("--carry-over-weeks", type=int, default=8)
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--lifts", action="store_true", help="learn from marts.lift_results too")
    parser.add_argument("--truth", help="channel_incrementality.csv; tells of sales alone")
    given = parser.parse_args(arguments)
    with connect("attribution.mix_model", read_only=True) as con:
        weeks = read(con, given.media, given.outcome)
        measured = lifts(con, given.media, given.outcome) if given.lifts else []
    truth = None
    if given.truth:
        with Path(given.truth).open(encoding="utf-8", newline="") as file:
            truth = true_sales(file)
    found = fit(
        weeks, given.seed, measured, carry_over_weeks=given.carry_over_weeks, draws=given.draws
    )
    print(table(weeks, found, compare(weeks.channels, found.caused, truth)))


if __name__ == "__main__":
    main()
