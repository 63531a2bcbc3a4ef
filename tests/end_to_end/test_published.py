"""The published file of the sample: complete, consistent, and without what is withheld."""

from collections.abc import Iterator
from typing import Any

import duckdb
import pytest
import yaml

from warehouse.publish import CONTRACT, contract

CONVENTION = (
    r"(Webinar|Nurture|Search|Retarget|Launch|Event|Content|Partner)_"
    r"(Enterprise|Midmarket|SMB|AllSegments)_Q[1-4]-20\d\d_[A-Za-z0-9-]+"
)


@pytest.fixture(scope="module")
def both(sample_run: Any) -> Iterator[duckdb.DuckDBPyConnection]:
    """The build warehouse and the published file beside each other, to look at."""
    with duckdb.connect() as con:
        con.execute(f"attach '{sample_run.home}/warehouse.duckdb' as build (read_only)")
        con.execute(f"attach '{sample_run.home}/published/onefold.duckdb' as bi (read_only)")
        yield con


def columns(con: duckdb.DuckDBPyConnection, database: str) -> dict[str, list[str]]:
    """{"schema.table": columns in order}."""
    found: dict[str, list[str]] = {}
    for table, column in con.execute(
        "select schema_name || '.' || table_name, column_name from duckdb_columns() "
        "where database_name = ? and not internal order by column_index",
        [database],
    ).fetchall():
        found.setdefault(table, []).append(column)
    return found


def test_every_column_of_a_mart_is_published_or_withheld(both: duckdb.DuckDBPyConnection) -> None:
    withheld = yaml.safe_load(CONTRACT.read_text())["withheld"]
    marts = {
        table: names
        for table, names in columns(both, "build").items()
        if table.startswith("marts.") and not table.startswith("marts.int_")
    }
    assert len(marts) > 10
    undecided = []
    for table, names in marts.items():
        public = contract()[table].columns if table in contract() else {}
        decided = {*public, *withheld.get(table, [])}
        undecided += [f"{table}.{name}" for name in names if not decided & {name, "*"}]
    assert not undecided
    gone = [
        f"{table}.{name}"
        for table, names in withheld.items()
        for name in names
        if name not in {"*", *marts[table]}
    ]
    assert not gone


def test_the_file_holds_the_contract_and_nothing_else(both: duckdb.DuckDBPyConnection) -> None:
    published, built = columns(both, "bi"), columns(both, "build")
    expected = {
        table: built[table] if "*" in public.columns else list(public.columns)
        for table, public in contract().items()
    }
    extra = {"segments.counts", "meta.build", "meta.tables"}
    assert {t: names for t, names in published.items() if t not in extra} == expected
    assert extra <= set(published)


def test_touches_after_a_refusal_stay_in_the_build(both: duckdb.DuckDBPyConnection) -> None:
    counts = both.execute(
        "select count(*) filter (is_consented), count(*) filter (not is_consented), "
        "(select count(*) from bi.marts.fct_touches) from build.marts.fct_touches"
    ).fetchone()
    assert counts is not None
    consented, refused, published = counts
    assert refused > 0
    assert published == consented > 1000


@pytest.mark.parametrize("table", ["conversion_touches", "fct_attributed_conversions"])
def test_every_credited_touch_can_be_looked_up(both: duckdb.DuckDBPyConnection, table: str) -> None:
    row = both.execute(
        f"select count(*), count(*) filter (not starts_with(touch_id, '(') and touch_id not in "
        f"(select touch_id from bi.marts.fct_touches)) from bi.marts.{table}"
    ).fetchone()
    assert row is not None
    assert row[0] > 1000
    assert row[1] == 0


@pytest.mark.parametrize(
    ("dimension", "key"),
    [("dim_people", "person_id"), ("dim_accounts", "account_id"), ("dim_campaigns", "campaign_id")],
)
def test_every_id_of_a_fact_can_be_looked_up(
    both: duckdb.DuckDBPyConnection, dimension: str, key: str
) -> None:
    facts = [
        table
        for table, names in columns(both, "bi").items()
        if table.startswith("marts.") and key in names and table != f"marts.{dimension}"
    ]
    assert len(facts) > 3
    lost = {}
    for table in facts:
        row = both.execute(
            f"select count(*) from bi.{table} where {key} not in "
            f"(select {key} from bi.marts.{dimension} where {key} is not null)"
        ).fetchone()
        assert row is not None
        lost[table] = row[0]
    assert not {table: count for table, count in lost.items() if count}


def test_utm_values_follow_the_conventions(both: duckdb.DuckDBPyConnection) -> None:
    campaigns, sources = (
        [row[0] for row in both.execute(
            f"select distinct {column} from bi.marts.fct_touches where {column} is not null"
        ).fetchall()]
        for column in ("utm_campaign", "utm_source")
    )  # fmt: skip
    assert len(campaigns) > 20
    row = both.execute(
        "select bool_and(regexp_full_match(name, ?)) from (select unnest(?) as name)",
        [CONVENTION, campaigns],
    ).fetchone()
    assert row == (True,)
    assert {"google", "linkedin"} <= set(sources)
    known = both.execute("select value from build.rules.utm_values where field = 'utm_source'")
    assert set(sources) <= {value for (value,) in known.fetchall()}


def test_paths_have_no_query_string(both: duckdb.DuckDBPyConnection) -> None:
    row = both.execute(
        "select count(landing_path), count(*) filter (regexp_matches(landing_path, '[?#@]')) "
        "from bi.marts.fct_touches"
    ).fetchone()
    assert row is not None
    assert row[0] > 1000
    assert row[1] == 0


def test_the_published_credits_sum_to_the_published_revenue(
    both: duckdb.DuckDBPyConnection,
) -> None:
    total = both.execute("select sum(revenue_usd) from bi.marts.fct_conversions").fetchone()
    assert total is not None
    assert total[0] > 0
    for table in ("fct_attributed_conversions", "channel_attribution", "campaign_attribution"):
        sums = both.execute(
            f"select model, sum(revenue_usd) from bi.marts.{table} group by model"
        ).fetchall()
        assert len(sums) >= 8
        assert {value for _, value in sums} == {total[0]}, table


def test_segments_are_counts_of_the_build(both: duckdb.DuckDBPyConnection) -> None:
    counts = both.execute("from bi.segments.counts").fetchall()
    assert len(counts) == 4
    for segment, people in counts:
        row = both.execute(f"select count(*) from build.segments.{segment}").fetchone()
        assert row == (people,)


def test_the_file_says_which_run_it_is_of(both: duckdb.DuckDBPyConnection, sample_run: Any) -> None:
    assert both.execute("select run_id, as_of::varchar from bi.meta.build").fetchall() == [
        (sample_run.summary["run_id"], sample_run.summary["as_of"])
    ]
