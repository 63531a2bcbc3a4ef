"""What each run credited is kept, and what a later run made of it is told."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from attribution.credit_rows import MODELS
from attribution.errors import RunNotRecorded
from attribution.history import diff, record
from attribution.state import ensure
from warehouse.connection import connect

COLUMNS = ", ".join(f"{m}_weight double, {m}_revenue_usd decimal(18, 2)" for m in MODELS)
Credits = dict[str, dict[str, tuple[float, str]]]


def credit(con: duckdb.DuckDBPyConnection, credits: Credits) -> None:
    """conversion_touches and fct_conversions: {conversion: {channel: (weight, USD)}}."""
    con.execute("create schema if not exists marts")
    con.execute(
        "create or replace table marts.conversion_touches (conversion_id varchar, channel varchar, "
        f"campaign_id varchar, touch_count bigint, inputs_hash ubigint, {COLUMNS})"
    )
    con.execute(
        "create or replace table marts.fct_conversions (conversion_id varchar, conversion_type "
        "varchar, converted_at timestamp, revenue_usd decimal(18, 2))"
    )
    for key, channels in credits.items():
        value = sum(Decimal(usd) for _, usd in channels.values())
        con.execute(
            "insert into marts.fct_conversions values (?, ?, '2026-01-01', ?)",
            [key, key.split(":")[0], value],
        )
        for channel, (weight, usd) in channels.items():
            con.execute(
                "insert into marts.conversion_touches select ?, ?, null, ?, hash(?), "
                + ", ".join(["?, ?"] * len(MODELS)),
                [key, channel, len(channels), repr(channels), *[weight, usd] * len(MODELS)],
            )


def runs(*credited: Credits) -> Any:
    """The home's warehouse after runs r1, r2 … that credited so."""
    with connect("test") as con:
        ensure(con)
        for number, credits in enumerate(credited, start=1):
            credit(con, credits)
            record(con, f"r{number}", "2026-01-01")


def told(*asked: str) -> dict[str, Any]:
    with connect("test", read_only=True) as con:
        return diff(con, *asked)


FIRST: Credits = {
    "closed_won:1": {"email": (0.5, "50.00"), "direct": (0.5, "50.00")},
    "closed_won:2": {"email": (1.0, "30.00")},
    "closed_won:3": {"direct": (1.0, "7.00")},
    "lead_created:4": {"email": (1.0, "0.00")},
}
SECOND: Credits = {
    "closed_won:1": {"email": (0.25, "25.00"), "referral": (0.75, "75.00")},
    "closed_won:2": {"email": (1.0, "40.00")},
    "lead_created:4": {"email": (0.5, "0.00"), "direct": (0.5, "0.00")},
    "closed_won:5": {"direct": (1.0, "11.00")},
}


def test_each_conversion_says_what_became_of_it(home: Path) -> None:
    runs(FIRST, SECOND)
    changes = {row["conversion_id"]: row["change"] for row in told("r1", "r2")["conversions"]}
    assert changes == {
        "closed_won:1": "credited otherwise",
        "closed_won:2": "revalued",
        "closed_won:3": "gone",
        "lead_created:4": "other touches",
        "closed_won:5": "new",
    }


def test_channels_gain_what_others_lose_and_the_new_value(home: Path) -> None:
    runs(FIRST, SECOND)
    found = told("previous", "latest")
    for model in MODELS:
        rows = {row["channel"]: row for row in found["channels"] if row["model"] == model}
        changed = {n: r["revenue_usd_is"] - r["revenue_usd_was"] for n, r in rows.items()}
        assert changed == {"email": -15, "direct": -46, "referral": 75}
    won = told("r1", "r2", "closed_won")
    assert {row["conversion_id"].split(":")[0] for row in won["conversions"]} == {"closed_won"}
    email = next(row for row in won["channels"] if row["channel"] == "email")
    assert (email["conversions_were"], email["conversions_are"]) == (1.5, 1.25)


def test_a_run_that_changes_nothing_keeps_nothing(home: Path) -> None:
    runs(FIRST, FIRST)
    assert told("r1", "r2")["conversions"] == told("r1", "r2")["channels"] == []
    with connect("test", read_only=True) as con:
        kept = con.execute("select distinct from_run, to_run from state.attribution_credits")
        assert kept.fetchall() == [(1, None)]


def test_a_run_that_is_recorded_again_replaces_what_it_recorded(home: Path) -> None:
    runs(FIRST, SECOND)
    once = told("r1", "r2")
    with connect("test") as con:
        for credits in (FIRST, SECOND):
            credit(con, credits)
            record(con, "r2", "2026-01-01")
    assert told("r1", "r2") == once


def test_going_back_is_told_too(home: Path) -> None:
    runs(FIRST, SECOND, FIRST)
    assert told("r1", "r3")["conversions"] == []
    there, back = (told("r2", "r3")["conversions"], told("r1", "r2")["conversions"])
    assert {row["conversion_id"] for row in there} == {row["conversion_id"] for row in back}


@pytest.mark.parametrize("asked", [("r1", "r9"), ("previous", "latest")])
def test_a_run_that_was_not_recorded_is_an_error(asked: tuple[str, str], home: Path) -> None:
    with connect("test"):
        pass
    with pytest.raises(RunNotRecorded, match="ONEFOLD_ATTRIBUTION_HISTORY"):
        told(*asked)
    runs(FIRST)
    with pytest.raises(RunNotRecorded, match="the last ones are: r1"):
        told(*asked)
