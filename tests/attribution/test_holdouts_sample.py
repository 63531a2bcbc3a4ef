"""The sample with people held out by chance: from the file to lift, against a plain loop."""

import csv
import json
import random
import subprocess
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pytest

from warehouse.connection import connect
from warehouse.dbt import build

SEED = 20261130
RECORDS = Path(__file__).parents[2] / "seeds" / "truth" / "records.csv"
STARTS, ENDS = datetime(2025, 10, 1), datetime(2026, 2, 1)
FOLLOW_UP = {"lead_created": 7, "mql": 7, "opportunity_created": 30, "closed_won": 90}


@pytest.fixture(scope="module")
def arms(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[tuple[str, ...], str]]:
    """A file of assignments, one line a record of the simulator's truth; and {record: arm}."""
    print(f"seed {SEED}")
    rng, arm_of = random.Random(SEED), dict[str, str]()
    arms: dict[tuple[str, ...], str] = {}
    path = tmp_path_factory.mktemp("holdouts") / "holdouts.csv"
    with RECORDS.open(encoding="utf-8") as truth, path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(
            ["experiment", "channel", "starts_on", "ends_on", "source", "record_type", "record_id",
             "arm"]
        )  # fmt: skip
        for row in csv.DictReader(truth):
            if row["person"] == "nobody":
                continue
            draw = "holdout" if rng.random() < 0.4 else "treatment"
            arm = arm_of.setdefault(row["person"], draw)
            record = (row["source"], row["record_type"], row["record_id"])
            arms[record] = arm
            out.writerow(["winter", "paid_search", "2025-10-01", "2026-01-31", *record, arm])
    return path, arms


def test_lift_of_the_sample_equals_a_plain_loop(
    sample_copy: Any,
    arms: tuple[Path, dict[tuple[str, ...], str]],
    run_onefold: Callable[..., subprocess.CompletedProcess[str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path, arm_of = arms
    done = run_onefold(["attribution", "holdouts", str(path), "--json"], sample_copy.home)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    monkeypatch.setenv("ONEFOLD_HOME", str(sample_copy.home))
    build("marts.experiments", vars={"as_of": sample_copy.summary["as_of"]})
    with connect("test", read_only=True) as con:
        records = con.execute("from identity.person_records").fetchall()
        conversions = con.execute(
            "select conversion_type, person_id, converted_at, revenue_usd "
            "from marts.fct_conversions"
        ).fetchall()
        spend = con.execute(
            "select sum(spend_usd) from marts.fct_ad_spend where channel = 'paid_search' "
            "and spend_date between '2025-10-01' and '2026-01-31'"
        ).fetchone()
        cursor = con.execute("from marts.lift_results")
        names = [column[0] for column in cursor.description]
        found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    people: dict[str, set[str]] = defaultdict(set)
    for *record, person in records:
        if tuple(record) in arm_of:
            people[person].add(arm_of[tuple(record)])
    mixed = sum(len(arms) == 2 for arms in people.values())
    assert said["rows_in"] == len(arm_of) == said["rows_loaded"] + said["rows_rejected"]
    assert said["in_both_arms"] == mixed > 0
    rows = {row["conversion_type"]: row for row in found}
    for kind, days in FOLLOW_UP.items():
        until = ENDS + timedelta(days=days)
        for arm in ("treatment", "holdout"):
            assigned = {person for person, arms in people.items() if arms == {arm}}
            counted = [
                (person, usd) for type_, person, at, usd in conversions
                if type_ == kind and person in assigned and STARTS <= at < until
            ]  # fmt: skip
            assert rows[kind][f"{arm}_people"] == len(assigned) == said["people"][arm]
            assert rows[kind][f"{arm}_conversions"] == len(counted)
            assert rows[kind][f"{arm}_converters"] == len({person for person, _ in counted})
            assert rows[kind][f"{arm}_revenue_usd"] == sum(usd or 0 for _, usd in counted)
        assert rows[kind]["people_in_both_arms"] == mixed
        assert rows[kind]["is_complete"]
        assert (rows[kind]["spend_usd"],) == spend
    assert rows["lead_created"]["holdout_conversions"] > 10


def test_weekly_tables_of_the_sample_hold_all_there_is(sample_run: Any) -> None:
    with duckdb.connect(str(sample_run.home / "warehouse.duckdb"), read_only=True) as con:
        media, facts, outcomes, conversions, weeks, experiments = (
            con.execute(sql).fetchall()
            for sql in (
                "select sum(spend_usd), sum(impressions), sum(clicks), sum(touches) "
                "from marts.mmm_weekly",
                "select sum(spend_usd), sum(impressions), sum(clicks), "
                "(select count(*) from marts.fct_touches) from marts.fct_ad_spend",
                "select sum(leads), sum(mqls), sum(opportunities), sum(conversions), "
                "sum(revenue_usd) from marts.mmm_weekly_outcomes",
                "select count(*) filter (where conversion_type = 'lead_created'), "
                "count(*) filter (where conversion_type = 'mql'), "
                "count(*) filter (where conversion_type = 'opportunity_created'), "
                "count(*) filter (where conversion_type = 'closed_won'), sum(revenue_usd) "
                "from marts.fct_conversions",
                "select week_start from marts.mmm_weekly_outcomes order by 1",
                "from marts.lift_results",
            )
        )
    assert media == facts
    assert outcomes == conversions
    days = [week for (week,) in weeks]
    assert len(days) > 50
    assert {later - day for day, later in pairwise(days)} == {timedelta(days=7)}
    assert not experiments  # nobody is held out until somebody says so
