"""What a later run of the sample credits otherwise: what docs/coverage.md promises of it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from ops import stages
from warehouse.connection import connect
from warehouse.dbt import build
from warehouse.settings import Settings

Covered = Callable[[str], None]
AFFECTED = (
    "int_attribution__inputs int_attribution__affected int_attribution__affected_touches "
    "conversion_touches"
)

# Two buyers of different companies, with sales and touches of their own.
_BUYERS = """
select conversions.person_id
from marts.fct_conversions as conversions
semi join marts.fct_touches as touches on conversions.person_id = touches.person_id
where conversion_type = 'closed_won' and revenue_usd > 0
group by conversions.person_id, conversions.account_id
order by count(*), conversions.person_id limit 2
"""

_OF_BUYERS = """
select distinct conversions.conversion_id from marts.fct_conversions as conversions
inner join marts.int_attribution__people as people
    on conversions.credit_conversion_id = people.conversion_id
where people.person_id in (select unnest($people))
"""


def ask(sample: Any, sql: str, **values: Any) -> list[tuple[Any, ...]]:
    with connect("test", read_only=True, s=Settings(home=sample.home)) as con:
        return con.execute(sql, values).fetchall()


@pytest.fixture(scope="module")
def merged(sample_copy: Any, run_onefold: Any) -> dict[str, Any]:
    """A run that keeps what it credits, two buyers found to be one person, and the next run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ONEFOLD_HOME", str(sample_copy.home))
        patch.setenv("ONEFOLD_ATTRIBUTION_HISTORY", "true")
        as_of = sample_copy.summary["as_of"]
        buyers = [person for (person,) in ask(sample_copy, _BUYERS)]
        stages.marts("first", as_of)
        concerned = ask(sample_copy, _OF_BUYERS, people=buyers)
        merge = ["identity", "merge", *buyers, "--why", "one buyer of two companies"]
        done = run_onefold(merge, sample_copy.home)
        assert done.returncode == 0, done.stderr
        stages.identity("second", as_of)
        stages.marts("second", as_of)
    asked = run_onefold(["attribution", "diff", "first", "second", "--json"], sample_copy.home)
    assert asked.returncode == 0, asked.stderr
    concerned += ask(sample_copy, _OF_BUYERS, people=buyers)
    return {"diff": json.loads(asked.stdout), "concerned": {key for (key,) in concerned}}


def test_a_late_merge_credits_anew_exactly_what_it_concerns(
    merged: dict[str, Any], sample_copy: Any, covered: Covered
) -> None:
    affected = {
        key
        for (key,) in ask(sample_copy, "select conversion_id from ops.int_attribution__affected")
    }
    changed = {row["conversion_id"] for row in merged["diff"]["conversions"]}
    assert changed <= affected
    assert affected <= merged["concerned"]
    ((conversions,),) = ask(sample_copy, "select count(*) from marts.fct_conversions")
    covered(f"{len(affected)} of {conversions:,} conversions credited anew")


def test_what_was_credited_and_what_is_are_told_apart(
    merged: dict[str, Any], sample_copy: Any, covered: Covered
) -> None:
    """As it was and as it is: each model gives the same revenue in both, to other channels."""
    found = merged["diff"]
    assert found["run_a"]["number"] + 1 == found["run_b"]["number"]
    models = {row["model"] for row in found["channels"]}
    for model in models:
        rows = [row for row in found["channels"] if row["model"] == model]
        assert sum(r["revenue_usd_is"] - r["revenue_usd_was"] for r in rows) == pytest.approx(
            0, abs=1e-6
        )
    now = dict(ask(
        sample_copy,
        "select channel, sum(linear_revenue_usd)::double from marts.conversion_touches group by 1",
    ))  # fmt: skip
    told = {r["channel"]: r["revenue_usd_is"] for r in found["channels"] if r["model"] == "linear"}
    assert told
    assert all(now[channel] == pytest.approx(usd) for channel, usd in told.items())
    covered(f"{len(found['conversions'])} conversions, {len(models)} models, {len(told)} channels")


def test_what_is_credited_day_by_day_equals_a_full_refresh(
    merged: dict[str, Any], sample_copy: Any, monkeypatch: pytest.MonkeyPatch, covered: Covered
) -> None:
    monkeypatch.setenv("ONEFOLD_HOME", str(sample_copy.home))
    kept = ask(sample_copy, "from marts.conversion_touches order by all")
    with connect("test") as con:
        con.execute("drop table marts.conversion_touches")
    build(AFFECTED, command="run")
    assert ask(sample_copy, "from marts.conversion_touches order by all") == kept
    covered(f"{len(kept):,} rows")
