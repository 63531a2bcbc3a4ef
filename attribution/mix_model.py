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
OUTCOMES = ("leads", "mqls", "opportunities", "conversions", "revenue_usd")
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
    for name, known in ((media, MEDIA), (outcome, OUTCOMES)):
        if name not in known:
            raise AttributionError(f"expected one of {', '.join(known)}, got {name}")
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


def fit(
    weeks: Weeks, seed: int, *, carry_over_weeks: int = 8, draws: int = 500, tune: int = 1_000,
    chains: int = 2,
) -> Fit:  # fmt: skip
    """Geometric adstock, logistic saturation, a trend, holidays and two waves a year.

    Priors are PyMC-Marketing's own but for two: the outcome without media is not negative, and
    before the data are seen, the channels together cause about all of it, each in proportion to its
    media (`effect_scale`). Nothing is caused where there is no media, so that the sum of a
    channel's contributions is what would be missing without it. Raises AttributionError where the
    extra is not installed.
    """
    try:
        import arviz
        import pandas as pd
        from pymc_extras.prior import Prior
        from pymc_marketing.mmm import GeometricAdstock, LogisticSaturation
        from pymc_marketing.mmm.multidimensional import MMM
    except ImportError as error:
        raise AttributionError(
            f"expected the extra mmm, got no {error.name}; pip install 'onefold[mmm]'"
        ) from None
    table = pd.DataFrame(weeks.media, columns=list(weeks.channels))
    table.insert(0, "week_start", pd.to_datetime(weeks.starts))
    table["trend"] = np.linspace(0, 1, len(table))
    table["holiday_days"] = weeks.holiday_days
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
    model.build_model(table, outcome)
    model.add_original_scale_contribution_variable(["channel_contribution"])
    model.fit(
        table, outcome, draws=draws, tune=tune, chains=chains, cores=min(chains, 2),
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
    parser.add_argument("--truth", help="channel_incrementality.csv; tells of sales alone")
    given = parser.parse_args(arguments)
    with connect("attribution.mix_model", read_only=True) as con:
        weeks = read(con, given.media, given.outcome)
    truth = None
    if given.truth:
        with Path(given.truth).open(encoding="utf-8", newline="") as file:
            truth = true_sales(file)
    found = fit(weeks, given.seed, carry_over_weeks=given.carry_over_weeks, draws=given.draws)
    print(table(weeks, found, compare(weeks.channels, found.caused, truth)))


if __name__ == "__main__":
    main()
