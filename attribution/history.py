"""How conversions were credited in earlier runs, and what a later run made of them.

Kept only where `ONEFOLD_ATTRIBUTION_HISTORY` asks for it, and then as much as changes: a conversion
gets rows anew when its `inputs_hash` is another one. A row holds from `from_run` (included) to
`to_run` (excluded); both are numbers of `state.attribution_runs`.
"""

from typing import Any

import duckdb

from attribution.credit_rows import MODELS
from attribution.errors import RunNotRecorded
from warehouse.connection import fetch_rows, transaction

Row = dict[str, Any]

_SUMS = ", ".join(
    f"sum({m}_weight) as {m}_weight, sum({m}_revenue_usd)::decimal(18, 2) as {m}_revenue_usd"
    for m in MODELS
)

_CHANGED = """
create or replace temp table changed as
select coalesce(now.conversion_id, kept.conversion_id) as conversion_id
from (
    select conversion_id, any_value(inputs_hash) as inputs_hash
    from marts.conversion_touches group by conversion_id
) as now
full join (
    select conversion_id, any_value(inputs_hash) as inputs_hash
    from state.attribution_credits where to_run is null group by conversion_id
) as kept on now.conversion_id = kept.conversion_id
where now.inputs_hash is distinct from kept.inputs_hash
"""

_KEPT = f"""
insert into state.attribution_credits by name
select
    touches.conversion_id, conversions.conversion_type, touches.channel, touches.campaign_id,
    $run as from_run, null as to_run, conversions.converted_at, conversions.revenue_usd,
    max(touches.touch_count) as touch_count, any_value(touches.inputs_hash) as inputs_hash, {_SUMS}
from marts.conversion_touches as touches
semi join changed on touches.conversion_id = changed.conversion_id
inner join marts.fct_conversions as conversions
    on touches.conversion_id = conversions.conversion_id
group by all
"""

_WAS, _IS = (f"(from_run <= ${run} and coalesce(to_run > ${run}, true))" for run in ("a", "b"))

_CREDIT = """list(
    struct_pack(channel, campaign_id, shares := list_value({shares})) order by channel, campaign_id
)""".format(shares=", ".join(f"round({m}_weight, 9), {m}_revenue_usd::double" for m in MODELS))

# Only a conversion with a row that begins or ends between the runs can be credited otherwise.
_CONVERSIONS = f"""
with sides as (
    select
        conversion_id,
        any_value(conversion_type) as conversion_type,
        any_value(revenue_usd) filter (where {_WAS}) as revenue_usd_was,
        any_value(revenue_usd) filter (where {_IS}) as revenue_usd_is,
        max(touch_count) filter (where {_WAS}) as touches_were,
        max(touch_count) filter (where {_IS}) as touches_are,
        {_CREDIT} filter (where {_WAS}) as credit_was,
        {_CREDIT} filter (where {_IS}) as credit_is
    from state.attribution_credits
    where {_WAS} != {_IS}
    group by conversion_id
)
select
    conversion_id, conversion_type,
    case
        when credit_was is null then 'new'
        when credit_is is null then 'gone'
        when revenue_usd_was is distinct from revenue_usd_is then 'revalued'
        when touches_were != touches_are then 'other touches'
        else 'credited otherwise'
    end as change,
    revenue_usd_was, revenue_usd_is, touches_were, touches_are
from sides
where credit_was is distinct from credit_is or revenue_usd_was is distinct from revenue_usd_is
order by change, conversion_id
"""

_CHANNELS = " union all by name ".join(
    f"""
select
    '{model}' as model, channel,
    coalesce(sum({model}_weight) filter (where {_WAS}), 0) as conversions_were,
    coalesce(sum({model}_weight) filter (where {_IS}), 0) as conversions_are,
    coalesce(sum({model}_revenue_usd) filter (where {_WAS}), 0) as revenue_usd_was,
    coalesce(sum({model}_revenue_usd) filter (where {_IS}), 0) as revenue_usd_is
from state.attribution_credits
where $type is null or conversion_type = $type
group by channel
having abs(conversions_were - conversions_are) > 1e-9 or revenue_usd_was != revenue_usd_is
"""
    for model in MODELS
)


def record(con: duckdb.DuckDBPyConnection, run_id: str, as_of: str) -> int:
    """Keep what a run credited; returns how many conversions were not credited so before.

    A run that is recorded again replaces what it recorded. Runs are recorded in their order.
    """
    with transaction(con):
        con.execute(_CHANGED)
        found = con.execute("select number from state.attribution_runs where run_id = ?", [run_id])
        row = found.fetchone()
        if row is None:
            row = con.execute(
                "insert into state.attribution_runs "
                "select coalesce(max(number), 0) + 1, $run_id, $as_of::timestamp "
                "from state.attribution_runs returning number",
                {"run_id": run_id, "as_of": as_of},
            ).fetchone()
        assert row is not None
        run = {"run": row[0]}
        mine = "conversion_id in (from changed)"
        con.execute(f"delete from state.attribution_credits where from_run = $run and {mine}", run)
        con.execute(
            "update state.attribution_credits set to_run = $run "
            f"where to_run is null and {mine}", run
        )  # fmt: skip
        con.execute(_KEPT, run)
        ((count,),) = con.execute("select count(*) from changed").fetchall()
    return int(count)


def diff(con: duckdb.DuckDBPyConnection, run_a: str, run_b: str, kind: str | None = None) -> Row:
    """What `run_b` credits otherwise than `run_a`: {"run_a", "run_b", "conversions", "channels"}.

    `conversions`: those whose credit differs, with why; `channels`: by rule model, where the sums
    differ. `kind`: one conversion type alone. The runs are ids of `state.attribution_runs`, or
    `latest` and `previous`. Raises RunNotRecorded, which names what there is.
    """
    numbers = {"a": _number(con, run_a), "b": _number(con, run_b)}
    return {
        "run_a": run_of(con, numbers["a"]),
        "run_b": run_of(con, numbers["b"]),
        "conversions": [
            row for row in fetch_rows(con, _CONVERSIONS, dict(numbers))
            if kind in (None, row["conversion_type"])
        ],
        "channels": sorted(
            fetch_rows(con, _CHANNELS, {**numbers, "type": kind}),
            key=lambda row: (MODELS.index(row["model"]), row["channel"]),
        ),
    }  # fmt: skip


def run_of(con: duckdb.DuckDBPyConnection, number: int) -> Row:
    """The recorded run: {"number", "run_id", "as_of"}."""
    (row,) = fetch_rows(con, "from state.attribution_runs where number = $n", {"n": number})
    return row


def _number(con: duckdb.DuckDBPyConnection, run: str) -> int:
    built = con.execute(
        "select 1 from information_schema.tables "
        "where table_schema = 'state' and table_name = 'attribution_runs'"
    ).fetchone()
    runs = fetch_rows(con, "from state.attribution_runs order by number desc") if built else []
    back = {"latest": 0, "previous": 1}.get(run)
    if back is not None and back < len(runs):
        return int(runs[back]["number"])
    for row in runs:
        if row["run_id"] == run:
            return int(row["number"])
    listed = ", ".join(row["run_id"] for row in runs[:5]) or "none"
    raise RunNotRecorded(
        f"expected a run that was recorded; the last ones are: {listed}. Runs are recorded where "
        "ONEFOLD_ATTRIBUTION_HISTORY=true is set"
    )
