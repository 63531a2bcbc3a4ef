"""`mf query` on a published file, each metric against plain SQL on the same file."""

import csv
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from warehouse.settings import PROJECT_ROOT

pytest.importorskip("dbt_metricflow", reason="the extra `semantic` (dbt-metricflow) is not there")

PROJECT = PROJECT_ROOT / "dbt_project"
PAGE = PROJECT_ROOT / "docs" / "how_to_query_metrics.md"
Found = dict[tuple[str, ...], dict[str, float | None]]
Mf = Callable[[str, str], Found]

# The sample has one margin and spends every month: another margin, a month without one, a month
# without costs, and customers of two months whose value is worked out by hand.
CHANGES = """
    update marts.revenue_months set gross_profit_usd = cast(0.6 * revenue_usd as decimal(18, 2));
    update marts.channel_attribution set gross_profit_usd = 0.6 * revenue_usd;
    update marts.revenue_months set gross_profit_usd = null where period = date '2026-02-01';
    update marts.channel_attribution set gross_profit_usd = null where period = date '2026-02-01';
    delete from marts.fct_marketing_costs
    where date_trunc('month', cost_date) = date '2025-12-01';
    update marts.revenue_months set cost_usd = 0, mer = null, roi = null, blended_cac_usd = 0
    where period = date '2025-12-01';
    update marts.customer_value_months
    set billed_usd = 0, active_customers = 0, customers_at_start = 0, lost_customers = 0,
        ltv_usd = null, ltv_to_cac = null, payback_months = null;
    update marts.customer_value_months
    set billed_usd = 1000, active_customers = 10, customers_at_start = 8, lost_customers = 2,
        ltv_usd = 500, ltv_to_cac = 2.5, payback_months = 4 where period = date '2026-03-01';
    update marts.customer_value_months
    set billed_usd = 1500, active_customers = 12, customers_at_start = 10, lost_customers = 1,
        ltv_usd = 900, ltv_to_cac = 3, payback_months = 3.5 where period = date '2026-04-01';
"""

MONTHS, MODELS, CHANNELS = "metric_time__month", "model", "channel"
PROFIT = "case when count(gross_profit_usd) = count(*) then sum(gross_profit_usd) end"
ONE_MONTH = "case when count(distinct period) = 1 then {} end"
# {table: {metric: SQL over the rows of a group}}, each ratio of the sums of its rows.
EXPECTED = {
    "marts.revenue_months": {
        "revenue": "sum(revenue_usd)",
        "gross_profit": PROFIT,
        "new_customers": "sum(new_customers)",
        "mer": "sum(revenue_usd)::double / nullif(sum(cost_usd), 0)",
        "blended_roi": "100 * sum(revenue_usd - cost_usd)::double / nullif(sum(cost_usd), 0)",
        "blended_roi_gross_margin":
            f"100 * ({PROFIT} - sum(cost_usd))::double / nullif(sum(cost_usd), 0)",
        # A month without costs is not in the table of costs at all.
        "blended_cac":
            "nullif(sum(cost_usd), 0)::double / nullif(sum(new_customers), 0)",
    },
    "marts.customer_value_months": {
        "billed": "sum(billed_usd)",
        "lost_customers": "sum(lost_customers)",
        "monthly_arpa": "sum(billed_usd)::double / nullif(sum(active_customers), 0)",
        "monthly_churn_rate": "sum(lost_customers) / nullif(sum(customers_at_start), 0)",
        "ltv": ONE_MONTH.format("any_value(ltv_usd)"),
        "ltv_to_cac": ONE_MONTH.format("any_value(ltv_to_cac)"),
        "payback_months": ONE_MONTH.format("any_value(payback_months)"),
    },
    "marts.pipeline_months": {
        "opportunities": "sum(opportunities)",
        "pipeline": "sum(pipeline_usd)",
        "deals_won": "sum(won)",
        "win_rate": "sum(won) / nullif(sum(won + lost), 0)",
        "average_deal": "sum(won_usd)::double / nullif(sum(won_valued), 0)",
        # The month's mean, weighted by its deals, is their mean.
        "sales_cycle_days": "sum(sales_cycle_days * won_timed) / nullif(sum(won_timed), 0)",
        "pipeline_velocity": ONE_MONTH.format(
            "any_value(opportunities * win_rate * won_usd::double / won_valued / sales_cycle_days)"
        ),
        "marketing_sourced_pipeline": "sum(marketing_sourced_pipeline_usd)",
        "marketing_sourced_share":
            "sum(marketing_sourced_pipeline_usd)::double / nullif(sum(pipeline_usd), 0)",
        "marketing_influenced_pipeline": "sum(marketing_influenced_pipeline_usd)",
        "marketing_influenced_share":
            "sum(marketing_influenced_pipeline_usd)::double / nullif(sum(pipeline_usd), 0)",
    },
    "marts.funnel_cohorts": {
        "mqls": "sum(mqls)",
        "sqls": "sum(sqls)",
        "mql_to_sql": "sum(sqls) / nullif(sum(mqls), 0)",
        "sql_to_opportunity": "sum(opportunities) / nullif(sum(sqls), 0)",
        "opportunity_to_won": "sum(won) / nullif(sum(opportunities), 0)",
        "mql_to_won": "sum(won) / nullif(sum(mqls), 0)",
    },
    "marts.channel_attribution": {
        "attributed_revenue": "sum(revenue_usd)",
        "attributed_conversions": "sum(conversions)",
        "roi": "100 * sum(revenue_usd - cost_usd)::double / nullif(sum(cost_usd), 0)",
        "roi_gross_margin": f"100 * ({PROFIT} - sum(cost_usd))::double / nullif(sum(cost_usd), 0)",
        "roas": "sum(revenue_usd)::double / nullif(sum(spend_usd), 0)",
        "cpa": "sum(spend_usd)::double / nullif(sum(conversions), 0)",
    },
    "marts.channel_costs_of_customers": {
        "attributed_new_customers": "sum(new_customers)",
        "channel_cac": "sum(cost_usd)::double / nullif(sum(new_customers), 0)",
        "paid_cac": "sum(spend_usd) filter (where is_paid)::double "
                    "/ nullif(sum(new_customers) filter (where is_paid), 0)",
    },
    "marts.fct_marketing_costs": {
        "marketing_cost": "sum(cost_usd)",
        "ad_spend": "coalesce(sum(cost_usd) filter (where cost_kind = 'media'), 0)",
    },
}  # fmt: skip
OF_MODELS = [*EXPECTED["marts.channel_attribution"], *EXPECTED["marts.channel_costs_of_customers"]]
OF_MONTHS = [m for metrics in EXPECTED.values() for m in metrics if m not in OF_MODELS]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, sample_run: Any) -> Path:
    """A folder where `mf` finds what dbt parsed, for it looks in the project's own `target`."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(PROJECT / name, folder)
    parse = [sys.executable, "-m", "dbt.cli.main", "parse", "--project-dir", str(PROJECT),
             "--profiles-dir", str(PROJECT), "--target-path", str(folder / "target")]  # fmt: skip
    subprocess.run(parse, check=True, capture_output=True, cwd=folder, env=environment(folder))
    return folder


@pytest.fixture(scope="module")
def published(project: Path, sample_run: Any) -> Path:
    """The sample's published file with CHANGES, where `mf` and the tests read it."""
    copy = project / "onefold.duckdb"
    shutil.copy(sample_run.home / "published" / "onefold.duckdb", copy)
    with duckdb.connect(copy) as con:
        con.execute(CHANGES)
    return copy


def environment(project: Path, home: Path | None = None) -> dict[str, str]:
    """What the page says to set; without a home, the changed copy is read."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("ONEFOLD_", "DBT_"))}
    where = {"ONEFOLD_HOME": str(home)} if home else {}
    return (
        env
        | {"DBT_PROJECT_DIR": str(project), "DBT_PROFILES_DIR": str(project),
           "DBT_LOG_PATH": str(project / "logs"), "DBT_TARGET": "published",
           "DO_NOT_TRACK": "1", "ONEFOLD_PUBLISHED_PATH": str(project / "onefold.duckdb")}
        | where
    )  # fmt: skip


def run_mf(args: list[str], project: Path, env: dict[str, str]) -> str:
    (project / "logs").mkdir(exist_ok=True)
    command = [str(Path(sys.executable).with_name("mf")), *args]
    done = subprocess.run(
        command, env=env, cwd=project, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def mf(project: Path, published: Path) -> Mf:
    """`mf(metrics, group_by)`: {values of the group, times as dates: {metric: value}}."""

    def query(metrics: str, group_by: str) -> Found:
        out = project / "out.csv"
        args = ["query", "--quiet", "--csv", str(out), "--metrics", metrics]
        run_mf([*args, "--group-by", group_by], project, environment(project))
        keys, found = group_by.split(","), {}
        for row in csv.DictReader(out.open()):
            group = tuple(row.pop(key)[:10] if "time" in key else row.pop(key) for key in keys)
            assert group not in found
            found[group] = {name: float(text) if text else None for name, text in row.items()}
        assert found
        return found

    return query


def by_sql(published: Path, table: str, group_by: str) -> Found:
    """The same of the metrics of a table, by EXPECTED."""
    date = "cost_date" if table.endswith("costs") else "period"
    keys = ", ".join(
        f"strftime(date_trunc('{key.split('__')[1]}', {date}), '%Y-%m-%d')" if "__" in key else key
        for key in group_by.split(",")
    )
    values = ", ".join(f"{sql} as {name}" for name, sql in EXPECTED[table].items())
    width = len(group_by.split(","))
    with duckdb.connect(published, read_only=True) as con:
        rows = con.execute(f"select {keys}, {values} from {table} group by all").fetchall()
    assert rows
    return {
        row[:width]: {
            name: None if value is None else float(value)
            for name, value in zip(EXPECTED[table], row[width:], strict=True)
        }
        for row in rows
    }


def assert_same(found: Found, published: Path, group_by: str, metrics: list[str]) -> None:
    compared = set()
    for table, expected in EXPECTED.items():
        asked = [name for name in expected if name in metrics]
        wanted = by_sql(published, table, group_by) if asked else {}
        for group, values in wanted.items():
            got = {name: found[group][name] for name in asked}
            assert got == pytest.approx({name: values[name] for name in asked}), (table, group)
        for group in set(found) - set(wanted):
            assert all(found[group][name] is None for name in asked), (table, group)
        compared |= {n for n in asked if any(values[n] is not None for values in wanted.values())}
    assert compared == set(metrics)


def test_each_metric_has_sql_to_be_compared_with(project: Path) -> None:
    listed = run_mf(["list", "metrics"], project, environment(project))
    names = re.findall(r"^• (\w+):", re.sub(r"\x1b\[\d+m", "", listed), re.MULTILINE)
    assert sorted(names) == sorted([*OF_MONTHS, *OF_MODELS])


def test_metrics_by_month_are_the_same_by_sql(mf: Mf, published: Path) -> None:
    found = mf(",".join(OF_MONTHS), MONTHS)
    assert_same(found, published, MONTHS, OF_MONTHS)
    assert found[("2025-12-01",)]["mer"] is found[("2025-12-01",)]["blended_roi"] is None
    assert found[("2026-02-01",)]["gross_profit"] is None
    assert found[("2026-02-01",)]["blended_roi_gross_margin"] is None
    assert found[("2026-03-01",)]["ltv"] == 500


def test_metrics_by_month_are_the_columns_of_the_marts(mf: Mf, published: Path) -> None:
    columns = {
        "revenue_months": {"mer": "mer", "blended_roi": "roi", "blended_cac": "blended_cac_usd"},
        "pipeline_months": {"win_rate": "win_rate", "sales_cycle_days": "sales_cycle_days",
                            "average_deal": "average_deal_usd",
                            "pipeline_velocity": "pipeline_velocity_usd",
                            "marketing_sourced_share": "marketing_sourced_share"},
        "funnel_cohorts": {name: name for name in
                           ("mql_to_sql", "sql_to_opportunity", "opportunity_to_won")},
    }  # fmt: skip
    found = mf(",".join(name for names in columns.values() for name in names), MONTHS)
    with duckdb.connect(published, read_only=True) as con:
        for table, names in columns.items():
            rows = con.execute(
                f"select strftime(period, '%Y-%m-%d'), {', '.join(names.values())} "
                f"from marts.{table} where period <> date '2025-12-01'"
            ).fetchall()
            assert len(rows) > 5
            for month, *values in rows:
                wanted = [None if value is None else float(value) for value in values]
                got = [found[(month,)][name] for name in names]
                assert got == pytest.approx(wanted, abs=0.0051), (table, month)


def test_ratios_of_several_months_are_of_their_sums(mf: Mf, published: Path) -> None:
    of_one_month = ["ltv", "ltv_to_cac", "payback_months", "pipeline_velocity"]
    found = mf(",".join(OF_MONTHS), "metric_time__year")
    assert len(found) == 2
    asked = [name for name in OF_MONTHS if name not in of_one_month]
    assert_same(found, published, "metric_time__year", asked)
    assert {row[name] for row in found.values() for name in of_one_month} == {None}
    assert found[("2026-01-01",)]["monthly_churn_rate"] == pytest.approx(3 / 18)


def test_metrics_of_models_are_the_same_by_sql(mf: Mf, published: Path) -> None:
    by = f"{MONTHS},{MODELS},{CHANNELS}"
    found = mf(",".join(OF_MODELS), by)
    assert len(found) > 500
    assert_same(found, published, by, OF_MODELS)
    assert {row["roi_gross_margin"] for (month, *_), row in found.items()
            if month == "2026-02-01"} == {None}  # fmt: skip

    by = f"metric_time__year,{MODELS},{CHANNELS}"
    assert_same(mf(",".join(OF_MODELS), by), published, by, OF_MODELS)


def test_metrics_of_models_are_null_where_models_are_mixed(mf: Mf) -> None:
    found = mf(",".join(OF_MODELS), MONTHS)
    assert len(found) == 12
    assert {value for row in found.values() for value in row.values()} == {None}


def test_costs_by_channel_are_the_same_by_sql(mf: Mf, published: Path) -> None:
    costs = list(EXPECTED["marts.fct_marketing_costs"])
    found = mf(",".join(costs), f"{MONTHS},{CHANNELS}")
    assert_same(found, published, f"{MONTHS},{CHANNELS}", costs)


def test_the_page_prints_what_its_commands_print(project: Path, sample_run: Any) -> None:
    blocks = re.findall(r"```\n\$ mf (query .*?[^\\])\n(\S.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(blocks) >= 3
    env = environment(project, sample_run.home)
    del env["ONEFOLD_PUBLISHED_PATH"]
    for command, table in blocks:
        args = [*shlex.split(command.replace("\\\n", " ")), "--quiet"]
        printed = [line.rstrip() for line in run_mf(args, project, env).splitlines()]
        assert printed == [line.rstrip() for line in table.splitlines()], command
