"""The durable tables of this room in schema `state`; dbt only reads them."""

import duckdb

from attribution.credit_rows import MODELS

_CREDITS = "".join(
    f",\n    {m}_weight double not null,\n    {m}_revenue_usd decimal(18, 2)" for m in MODELS
)
DDL = f"""
create schema if not exists state;

-- One row per experiment, channel, person, arm and period: who was assigned, whether or not anybody
-- was reached. An experiment keeps people out of a channel from starts_at (included) to ends_at
-- (excluded), UTC, in one period or in several that do not overlap; everyone has the same arm in
-- all of them. person_id is the person at the time of assignment: readers follow identity.aliases.
-- A person who stands in both arms, by a later merge, is in neither.
create table if not exists state.holdout_assignments (
    experiment varchar not null,
    channel varchar not null,
    person_id varchar not null,
    arm varchar not null,  -- treatment, holdout
    starts_at timestamp not null,
    ends_at timestamp not null,
    assigned_at timestamp not null
);

-- One row per run whose credit was recorded, in their order.
create table if not exists state.attribution_runs (
    number bigint not null,
    run_id varchar not null,
    as_of timestamp not null
);

-- One row per conversion, channel, campaign and period of runs in which it was credited so: from
-- from_run (included) to to_run (excluded; null while it holds).
create table if not exists state.attribution_credits (
    conversion_id varchar not null,
    conversion_type varchar not null,
    channel varchar not null,
    campaign_id varchar,
    from_run bigint not null,
    to_run bigint,
    converted_at timestamp not null,
    revenue_usd decimal(18, 2),
    touch_count bigint not null,
    inputs_hash ubigint not null{_CREDITS}
);
"""


def ensure(con: duckdb.DuckDBPyConnection) -> None:
    """Create the tables where they are missing."""
    con.execute(DDL)
