"""A media mix model of the weekly tables: what goes in, what comes out, and how it is judged."""

import random
import sys
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from attribution.errors import AttributionError
from attribution.mix_model import (
    Fit,
    Weeks,
    compare,
    effect_scale,
    fit,
    lifts,
    read,
    table,
    true_sales,
)
from warehouse.connection import connect

SEED = 20261130
MONDAY = date(2026, 1, 5)
WEEKLY = ("week_start date, channel varchar, is_complete boolean, spend_usd decimal(18, 2), "
          "touches bigint")  # fmt: skip
OUTCOMES = "week_start date, is_complete boolean, conversions bigint, holiday_days bigint"


@pytest.fixture
def weekly(home: Path, warehouse_with: Callable[..., None]) -> Callable[..., None]:
    """weekly(touches of a channel by week, …): both tables, the last week being incomplete."""

    def create(weeks: int, **touches: list[int]) -> None:
        starts = [MONDAY + timedelta(days=7 * number) for number in range(weeks)]
        media = [
            {"week_start": start, "channel": channel.replace("withheld", "(consent withheld)"),
             "is_complete": start != starts[-1], "touches": count, "spend_usd": 2 * count}
            for channel, counts in touches.items()
            for start, count in zip(starts, counts, strict=True)
        ]  # fmt: skip
        outcomes = [
            {"week_start": start, "is_complete": start != starts[-1], "conversions": number,
             "holiday_days": number % 3}
            for number, start in enumerate(starts)
        ]  # fmt: skip
        rng = random.Random(SEED)
        warehouse_with({
            "marts.mmm_weekly": (WEEKLY, rng.sample(media, len(media))),
            "marts.mmm_weekly_outcomes": (OUTCOMES, rng.sample(outcomes, weeks)),
        })  # fmt: skip

    return create


def test_weeks_are_whole_in_order_and_of_channels_that_are_there(
    weekly: Callable[..., None],
) -> None:
    seldom, often = [1] * 14 + [0] * 16 + [9], [1] * 15 + [0] * 15 + [9]
    counting = list(range(31))
    weekly(31, email=counting, webinars=seldom, events=often, withheld=counting)
    with connect("test") as con:
        found = read(con)
        spent = read(con, "spend_usd")
    assert found.starts == [MONDAY + timedelta(days=7 * number) for number in range(30)]
    assert found.channels == ("email", "events")
    assert found.media.tolist() == [[n, often[n]] for n in range(30)]
    assert found.outcome.tolist() == list(range(30))
    assert found.holiday_days.tolist() == [n % 3 for n in range(30)]
    assert (spent.media == 2 * found.media).all()


def test_too_little_to_fit_is_said(weekly: Callable[..., None]) -> None:
    weekly(26, email=[1] * 26)
    with connect("test") as con:
        with pytest.raises(AttributionError, match="expected 26 complete weeks or more, got 25"):
            read(con)
        for names in (("week_start", "conversions"), ("touches", "1; drop table x")):
            with pytest.raises(AttributionError, match="expected one of"):
                read(con, *names)
    weekly(40, webinars=[1] * 5 + [0] * 35, withheld=[1] * 40)
    with connect("test") as con, pytest.raises(AttributionError, match="expected a channel"):
        read(con)


def test_lifts_are_a_week_with_everyone_treated(
    weekly: Callable[..., None], warehouse_with: Callable[..., None]
) -> None:
    """Two periods of 14 and 10 days, three whole weeks of touches in them: 4, 5 and 9."""
    weekly(31, email=[1, 4, 5, 100, 9, 100, *[1] * 25], events=[0] * 31)
    result = {"experiment": "x", "channel": "email", "conversion_type": "closed_won",
              "starts_at": datetime(2026, 1, 12), "treatment_people": 300, "holdout_people": 100,
              "incremental_conversions": 60.0, "incremental_conversions_high": 80.0,
              "design_effect": 4.0}  # fmt: skip
    warehouse_with({
        "marts.lift_results": (
            "experiment varchar, channel varchar, conversion_type varchar, starts_at timestamp, "
            "treatment_people bigint, holdout_people bigint, incremental_conversions double, "
            "incremental_conversions_high double, design_effect double",
            [result,
             result | {"experiment": "y", "incremental_conversions": -60.0, "design_effect": None,
                       "incremental_conversions_high": -40.0,
                       "starts_at": datetime(2026, 2, 2)},
             result | {"conversion_type": "lead_created", "incremental_conversions": 6.0,
                       "incremental_conversions_high": 8.0, "design_effect": 0.5},
             result | {"experiment": "z", "incremental_conversions": None},
             result | {"channel": "events"}],
        ),
        "marts.int_lift__periods": (
            "experiment varchar, channel varchar, starts_at timestamp, ends_at timestamp",
            [{"experiment": experiment, "channel": channel, "starts_at": datetime(2026, *start),
              "ends_at": datetime(2026, *end)}
             for experiment in "xyz" for channel in ("email", "events")
             for start, end in (((1, 12), (1, 26)), ((2, 1), (2, 11)))],
        ),
        "rules.lift_rules": (
            "conversion_type varchar, interval_z double",
            [{"conversion_type": kind, "interval_z": 2.0}
             for kind in ("closed_won", "lead_created")],
        ),
    })  # fmt: skip
    scale, weeks = 4 / 3, 24 / 7
    with connect("test") as con:
        sales, leads, money = (lifts(con, outcome=name)
                               for name in ("conversions", "leads", "revenue_usd"))  # fmt: skip
    assert {lift.channel for lift in (*sales, *leads)} == {"email"}
    assert [lift[1:] for lift in sales] == [
        pytest.approx((6 * scale, 60 * scale / weeks, 20 / 2 * 2 * scale / weeks)),
        pytest.approx((6 * scale, 0, 20 / 2 * scale / weeks)),
    ]
    assert [lift[1:] for lift in leads] == [
        pytest.approx((6 * scale, 6 * scale / weeks, scale / weeks))
    ]
    assert money == []


def test_before_the_data_the_channels_cause_about_the_mean_week() -> None:
    media, outcome = np.array([[3.0, 1.0], [0.0, 4.0]]), np.array([2.0, 10.0])
    weeks = Weeks([MONDAY] * 2, ("email", "display"), media, outcome, np.zeros(2))
    assert effect_scale(weeks).tolist() == pytest.approx([2 * 0.6 * 3 / 8, 2 * 0.6 * 5 / 8])


def test_true_sales_are_the_sales_missing_without_the_channel() -> None:
    lines = [
        "channel,month,currency,conversions,conversions_without,revenue,revenue_without",
        "email,2026-01-01,USD,10,4,0,0",
        "email,2026-01-01,EUR,5,5,0,0",
        "display,2026-01-01,USD,10,12,0,0",
        "ai_assistant,2026-01-01,USD,10,9,0,0",
    ]
    assert true_sales(lines) == {"email": 6, "display": -2, "ai_assistants": 1}
    with pytest.raises(AttributionError, match="got none"):
        true_sales(lines[:1])


def test_an_interval_holds_the_truth_or_it_does_not() -> None:
    draws = np.column_stack([np.arange(101.0), np.full(101, 7.0), np.arange(101.0) * 2])
    email, display, other = compare(
        ("email", "display", "other"), draws, {"email": 95, "display": 8}
    )
    assert (email.estimate, email.low, email.high) == pytest.approx((50, 5, 95))
    assert (email.is_inside, display.is_inside, other.is_inside) == (True, False, None)
    assert (other.low, other.high) == pytest.approx((10, 190))
    with pytest.raises(AttributionError, match="expected draws by 2 channels"):
        compare(("email", "display"), draws)
    weeks = Weeks([MONDAY], ("email", "display", "other"), np.ones((1, 3)), np.ones(1), np.ones(1))
    told = table(weeks, Fit(draws, 1.01, 0), [email, display, other])
    assert "R-hat 1.010, 0 divergences" in told
    assert [line.split()[-1] for line in told.splitlines()[2:]] == ["True", "False", "190.0"]


def test_a_channel_that_causes_most_is_found() -> None:
    """Media that vary at random, one channel of effect and one of none."""
    pytest.importorskip("pymc_marketing", reason="the extra mmm is not installed")
    print(f"seed {SEED}")
    rng = np.random.default_rng(SEED)
    media = rng.uniform(0, 10, (80, 2))
    outcome = 20 + 1.5 * media[:, 0] + rng.normal(0, 1.5, 80)
    starts = [MONDAY + timedelta(days=7 * number) for number in range(80)]
    weeks = Weeks(starts, ("working", "idle"), media, outcome, np.zeros(80))
    found = fit(weeks, SEED, carry_over_weeks=2, draws=200, tune=400)
    assert found.r_hat < 1.1
    working, idle = compare(weeks.channels, found.caused, {"working": 1.5 * media[:, 0].sum()})
    print(working, idle)
    assert working.is_inside
    assert idle.estimate < working.low


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "arviz", None)
    weeks = Weeks([MONDAY], ("email",), np.ones((1, 1)), np.ones(1), np.ones(1))
    with pytest.raises(AttributionError, match="expected the extra mmm"):
        fit(weeks, SEED)
