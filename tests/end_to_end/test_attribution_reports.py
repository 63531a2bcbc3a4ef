"""What the sample's reports say of money, influence, lift and weeks, against plain loops."""

import csv
import json
import math
import os
import random
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from statistics import mean
from typing import Any

import duckdb
import pytest

from warehouse.dbt import build
from warehouse.settings import PROJECT_ROOT

Covered = Callable[[str], None]
Query = Callable[[str], list[tuple[Any, ...]]]

SEED = 20261130
SEEDS = PROJECT_ROOT / "seeds"
CENT = Decimal("0.01")
Z = 1.959963984540054
STARTS, ENDS, FOLLOW_UP = datetime(2025, 10, 1), datetime(2026, 2, 1), timedelta(days=7)


@pytest.fixture(scope="module")
def query(sample_run: Any) -> Query:
    return _query(sample_run.home)


def _query(home: Path) -> Query:
    def run(sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as con:
            return con.execute(sql).fetchall()

    return run


def _month(day: date) -> date:
    return date(day.year, day.month, 1)


def test_money_is_local_and_in_dollars_at_the_rate_of_its_own_date(
    query: Query, covered: Covered
) -> None:
    rates: dict[str, list[tuple[str, Decimal]]] = defaultdict(list)
    for row in csv.DictReader((SEEDS / "rules" / "fx_rates.csv").open()):
        rates[row["currency"]].append((row["rate_date"], Decimal(row["usd_rate"])))
    sums = query(
        "select converted_at::date, currency, revenue_local, revenue_usd from marts.fct_conversions"
        " union all select converted_at::date, currency, pipeline_local, pipeline_usd "
        "from marts.fct_conversions"
        " union all select spend_date, currency, spend_local, spend_usd from marts.fct_ad_spend"
        " union all select cost_date, currency, cost_local, cost_usd from marts.fct_marketing_costs"
    )
    used = set()
    for day, currency, local, usd in sums:
        (_, rate) = max(row for row in rates[currency] if row[0] <= day.isoformat())
        assert usd == (local * rate).quantize(CENT, ROUND_HALF_UP)
        if local and currency != "USD":
            used.add((currency, rate))
    currencies = {currency for _, currency, local, _ in sums if local}
    covered(f"{len(sums):,} sums in {len(currencies)} currencies, {len(used)} rates other than 1")


def test_spend_without_conversions_and_conversions_without_spend_survive(
    query: Query, covered: Covered
) -> None:
    rows = query("select period, channel, conversions, spend_usd "
                 "from marts.channel_attribution where model = 'linear'")  # fmt: skip
    spent: dict[tuple[date, str], Decimal] = defaultdict(Decimal)
    for day, channel, usd in query("select spend_date, channel, spend_usd "
                                   "from marts.fct_ad_spend"):  # fmt: skip
        spent[_month(day), channel] += usd
    assert {(month, channel): usd for month, channel, _, usd in rows if usd} == spent
    ((sales,),) = query("select count(*) from marts.fct_conversions "
                        "where conversion_type = 'closed_won'")  # fmt: skip
    assert sum(weight for *_, weight, _ in rows) == pytest.approx(sales)
    alone = sum(not weight for *_, weight, usd in rows if usd)
    free = sum(not usd for *_, weight, usd in rows if weight)
    labels = {channel for _, channel, weight, _ in rows if channel.startswith("(") and weight}
    assert labels == {"(unattributed)", "(consent withheld)"}
    covered(f"{alone} months of a channel with spend alone, {free} with sales alone")


def test_pipeline_velocity_and_sales_cycle_are_those_of_the_export(
    query: Query, covered: Covered
) -> None:
    deals = [row for row in csv.DictReader((SEEDS / "exports/salesforce/Opportunity.csv").open())
             if row["Type"] != "Refund" and row["IsDeleted"] == "false"]  # fmt: skip
    created = [row for row in deals if row["CreatedDate"].startswith("2026-06")]
    closed = [row for row in deals
              if row["IsClosed"] == "true" and row["CloseDate"].startswith("2026-06")]  # fmt: skip
    won = [row for row in closed if row["IsWon"] == "true"]
    cycle = mean(
        (date.fromisoformat(r["CloseDate"]) - date.fromisoformat(r["CreatedDate"][:10])).days
        for r in won
    )
    ids = ", ".join(f"'closed_won:{row['Id']}'" for row in won)
    ((value,),) = query(f"select sum(revenue_usd) from marts.fct_conversions "
                        f"where conversion_id in ({ids})")  # fmt: skip
    velocity = len(created) * len(won) / len(closed) * float(value) / len(won) / cycle
    ((opportunities, rate, days, usd),) = query(
        "select opportunities, win_rate, sales_cycle_days, pipeline_velocity_usd "
        "from marts.pipeline_months where period = date '2026-06-01'"
    )
    assert (opportunities, rate) == (len(created), pytest.approx(len(won) / len(closed)))
    assert days == pytest.approx(cycle)
    assert float(usd) == pytest.approx(velocity, abs=0.005)
    covered(f"June 2026: {opportunities} opportunities, win rate {rate:.2f}, {days:.1f} days, "
            f"{usd:,} USD a day")  # fmt: skip


def test_funnel_cohorts_count_people_by_the_month_of_their_mql(
    query: Query, covered: Covered
) -> None:
    cohorts = query("select period, mqls, sqls, opportunities, won, mql_to_sql, mql_to_won "
                    "from marts.funnel_cohorts")  # fmt: skip
    people = Counter(
        _month(day) for (day,) in query("select converted_at::date from marts.fct_conversions "
                                        "where conversion_type = 'mql'")
    )  # fmt: skip
    assert {month: mqls for month, mqls, *_ in cohorts if mqls} == people
    for _, mqls, sqls, _, won, to_sql, to_won in cohorts:
        assert to_sql == (pytest.approx(sqls / mqls) if mqls else None)
        assert to_won == (pytest.approx(won / mqls) if mqls else None)
    totals = [sum(column) for column in list(zip(*cohorts, strict=True))[1:5]]
    covered(" -> ".join(str(total) for total in totals) + f" people in {len(cohorts)} months")


def test_influence_is_any_touch_and_not_additive(query: Query, covered: Covered) -> None:
    met: dict[tuple[str, date], dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    value = {}
    for key, kind, at, usd in query("select conversion_id, conversion_type, converted_at, "
                                    "revenue_usd from marts.fct_conversions"):  # fmt: skip
        value[key] = (kind, _month(at), usd)
    for key, channel in query("select conversion_id, channel from marts.fct_attributed_conversions "
                              "where model = 'linear' and touch_id not like '(%'"):  # fmt: skip
        kind, month, _ = value[key]
        met[kind, month][channel].add(key)
    expected = {
        (kind, month, channel): (len(keys), sum(value[key][2] or 0 for key in keys))
        for (kind, month), channels in met.items()
        for channel, keys in channels.items()
    }
    found = {
        tuple(key): (count, usd)
        for *key, count, usd in query("select conversion_type, period, channel, "
                                      "influenced_conversions, influenced_revenue_usd "
                                      "from marts.channel_influence")
    }  # fmt: skip
    assert found == expected
    sold = {key: usd for key, (kind, _, usd) in value.items() if kind == "closed_won"}
    influenced = [row for (kind, *_), row in found.items() if kind == "closed_won"]
    revenue = sum(usd for _, usd in influenced)
    assert revenue > sum(sold.values())
    covered(f"{len(sold)} sales of {sum(sold.values()):,} USD, influenced "
            f"{sum(count for count, _ in influenced)} times for {revenue:,} USD")  # fmt: skip


@pytest.fixture(scope="module")
def measured(
    sample_copy: Any, run_onefold: Any, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Query, dict[str, str]]:
    """The sample with two in five of its people held out of paid search, and {person: arm}."""
    print(f"seed {SEED}")
    rng, ask = random.Random(SEED), _query(sample_copy.home)
    people = [person for (person,) in ask("select person_id from marts.dim_people order by 1")]
    arms = {person: "holdout" if rng.random() < 0.4 else "treatment" for person in people}
    path = tmp_path_factory.mktemp("holdouts") / "holdouts.csv"
    with path.open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["experiment", "channel", "starts_on", "ends_on", "person_id", "arm"])
        for person, arm in arms.items():
            out.writerow(["winter", "paid_search", "2025-10-01", "2026-01-31", person, arm])
    done = run_onefold(["attribution", "holdouts", str(path), "--json"], sample_copy.home)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["people"]["holdout"] == Counter(arms.values())["holdout"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ONEFOLD_HOME", str(sample_copy.home))
        build("marts.experiments", vars={"as_of": sample_copy.summary["as_of"]})
    return ask, arms


def _wilson(x: int, n: int) -> tuple[float, float]:
    """Both limits of the share x of n, by Wilson (1927)."""
    middle, spread = x / n + Z * Z / (2 * n), Z * math.sqrt(x * (n - x) / n**3 + Z**2 / (4 * n * n))
    return (middle - spread) / (1 + Z * Z / n), (middle + spread) / (1 + Z * Z / n)


def test_lift_is_that_of_those_assigned_with_newcombes_interval(
    measured: tuple[Query, dict[str, str]], covered: Covered
) -> None:
    query, arms = measured
    leads = Counter(
        arms[person]
        for person, at in query("select person_id, converted_at from marts.fct_conversions "
                                "where conversion_type = 'lead_created'")
        if person in arms and STARTS <= at < ENDS + FOLLOW_UP
    )  # fmt: skip
    sizes = Counter(arms.values())
    rate = {arm: leads[arm] / sizes[arm] for arm in sizes}
    limits = {arm: _wilson(leads[arm], sizes[arm]) for arm in sizes}
    gap = rate["treatment"] - rate["holdout"]
    below = rate["treatment"] - limits["treatment"][0], limits["holdout"][1] - rate["holdout"]
    above = limits["treatment"][1] - rate["treatment"], rate["holdout"] - limits["holdout"][0]
    ((difference, low, high, incremental),) = query(
        "select rate_difference, rate_difference_newcombe_low, rate_difference_newcombe_high, "
        "incremental_conversions from marts.lift_results where conversion_type = 'lead_created'"
    )
    assert difference == pytest.approx(gap)
    assert (low, high) == pytest.approx((gap - math.hypot(*below), gap + math.hypot(*above)))
    assert incremental == pytest.approx(leads["treatment"] - sizes["treatment"] * rate["holdout"])
    covered(f"{leads['treatment']} leads of {sizes['treatment']} people, {leads['holdout']} of "
            f"{sizes['holdout']} held out: {100 * low:.1f} to {100 * high:.1f} points")  # fmt: skip


def test_calibration_puts_each_models_credit_beside_the_lift(
    measured: tuple[Query, dict[str, str]], covered: Covered
) -> None:
    query, arms = measured
    scale = len(arms) / Counter(arms.values())["treatment"]
    lift = dict(query("select conversion_type, incremental_conversions from marts.lift_results"))
    (linear,) = query(f"""
        select sum(credits.weight)
        from marts.fct_attributed_conversions as credits
        inner join marts.fct_conversions as conversions using (conversion_id)
        inner join state.holdout_assignments as assigned
            on conversions.person_id = assigned.person_id and assigned.arm = 'treatment'
        inner join marts.fct_touches as touches using (touch_id)
        where credits.model = 'linear' and conversions.conversion_type = 'lead_created'
            and credits.channel = 'paid_search'
            and touches.touched_at >= timestamp '{STARTS}' and touches.touched_at < '{ENDS}'
            and conversions.converted_at >= timestamp '{STARTS}'
            and conversions.converted_at < timestamp '{ENDS + FOLLOW_UP}'
    """)
    rows = query("select model, conversion_type, credited_conversions, measured_conversions, "
                 "conversions_factor from marts.attribution_calibration "
                 "where channel = 'paid_search'")  # fmt: skip
    for _, kind, credit, effect, factor in rows:
        assert effect == pytest.approx(lift[kind] * scale)
        assert factor == (pytest.approx(effect / credit) if credit else None)
    credited = {(model, kind): credit for model, kind, credit, *_ in rows}
    assert credited["linear", "lead_created"] == pytest.approx(linear[0] * scale)
    models = {model for model, *_ in rows}
    covered(f"{len(models)} models, {len(lift)} types; linear credits paid search with "
            f"{credited['linear', 'lead_created']:.1f} leads, the experiment measured "
            f"{lift['lead_created'] * scale:.1f}")  # fmt: skip


def test_mmm_weekly_has_every_week_and_channel(query: Query, covered: Covered) -> None:
    def monday(day: date) -> date:
        return day - timedelta(days=day.weekday())

    spend: dict[tuple[date, str], Decimal] = defaultdict(Decimal)
    for day, channel, usd in query("select spend_date, channel, spend_usd "
                                   "from marts.fct_ad_spend"):  # fmt: skip
        spend[monday(day), channel] += usd
    rows = query("select week_start, channel, spend_usd from marts.mmm_weekly")
    assert {(week, channel): usd for week, channel, usd in rows if usd} == spend
    weeks = sorted({week for week, *_ in rows})
    channels = {channel for _, channel, _ in rows}
    first = [weeks[0] + timedelta(days=7 * number) for number in range(len(weeks))]
    assert weeks == first and len(rows) == len(weeks) * len(channels)
    off: dict[date, set[str]] = defaultdict(set)
    for row in csv.DictReader((SEEDS / "rules" / "holidays.csv").open()):
        off[monday(date.fromisoformat(row["date"]))].add(row["date"])
    outcomes = query("select week_start, holiday_days from marts.mmm_weekly_outcomes")
    assert dict(outcomes) == {week: len(off[week]) for week in weeks}
    covered(f"{len(weeks)} weeks of {len(channels)} channels, {sum(spend.values()):,} USD, "
            f"{sum(days for _, days in outcomes)} holidays")  # fmt: skip


def test_mf_query_answers_from_the_published_file(
    sample_run: Any, tmp_path: Path, query: Query, covered: Covered
) -> None:
    pytest.importorskip("dbt_metricflow", reason="the extra `semantic` is not there")
    project = PROJECT_ROOT / "dbt_project"
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(project / name, tmp_path)
    (tmp_path / "logs").mkdir()
    env = {k: v for k, v in os.environ.items() if not k.startswith(("ONEFOLD_", "DBT_"))} | {
        "ONEFOLD_HOME": str(sample_run.home), "DBT_TARGET": "published", "DO_NOT_TRACK": "1",
        "DBT_PROJECT_DIR": str(tmp_path), "DBT_PROFILES_DIR": str(tmp_path),
        "DBT_LOG_PATH": str(tmp_path / "logs"),
    }  # fmt: skip
    parse = [sys.executable, "-m", "dbt.cli.main", "parse", "--project-dir", str(project),
             "--profiles-dir", str(project), "--target-path", str(tmp_path / "target")]  # fmt: skip
    subprocess.run(parse, check=True, capture_output=True, cwd=tmp_path, env=env)
    ask = [str(Path(sys.executable).with_name("mf")), "query", "--quiet", "--csv", "out.csv",
           "--metrics", "revenue,marketing_cost,mer",
           "--group-by", "metric_time__quarter"]  # fmt: skip
    subprocess.run(ask, check=True, capture_output=True, cwd=tmp_path, env=env)
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [Decimal(0), Decimal(0)])
    for day, revenue, cost in query(
        "select converted_at::date, revenue_usd, 0 from marts.fct_conversions union all "
        "select cost_date, 0, cost_usd from marts.fct_marketing_costs"
    ):
        quarter = date(day.year, 3 * ((day.month - 1) // 3) + 1, 1).isoformat()
        sums[quarter][0] += revenue or 0
        sums[quarter][1] += cost
    with (tmp_path / "out.csv").open() as file:
        found = {row["metric_time__quarter"][:10]: row for row in csv.DictReader(file)}
    assert found.keys() == sums.keys()
    for quarter, (revenue, cost) in sums.items():
        assert float(found[quarter]["revenue"]) == pytest.approx(float(revenue))
        assert float(found[quarter]["mer"]) == pytest.approx(float(revenue / cost))
    mers = ", ".join(f"{float(found[quarter]['mer']):.2f}" for quarter in sorted(found))
    covered(f"MER of {len(found)} quarters: {mers}")
