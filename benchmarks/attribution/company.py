"""A simulated company as the marts know it, were its people recognised without an error."""

from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from simulator.rates import CHANNELS
from simulator.world import World

NAMES = tuple({"ai_assistant": "ai_assistants"}.get(name, name) for name in CHANNELS)
"""The simulator's channels as channels.csv calls them."""

_TABLES = """
create schema if not exists marts;
create schema if not exists staging;
create or replace table marts.fct_touches as
select
    'touch_' || lpad(n::varchar, 9, '0') as touch_id, 'p' || person as person_id,
    null::varchar as account_id, null::varchar as campaign_id, channel,
    2::integer as source_priority, true as is_consented, make_timestamp(moment * 1000) as touched_at
from visits;
create or replace table marts.fct_conversions as
with dated as (
    select *, 'opportunity_created' as conversion_type, created as moment from deals
    union all by name
    select *, 'closed_won' as conversion_type, closed as moment from deals where is_won
)
select
    conversion_type || ':' || n as conversion_id, conversion_type, 'p' || buyer as person_id,
    null::varchar as account_id, n::varchar as salesforce_opportunity_id,
    conversion_id as credit_conversion_id, 1::decimal(18, 2) as revenue_local, 'USD' as currency,
    1::decimal(18, 2) as revenue_usd, make_timestamp(moment * 1000) as converted_at
from dated;
create or replace table marts.int_conversions__people as
select conversion_id, 'p' || members.person as person_id, members.person = deals.buyer as is_main
from marts.fct_conversions as conversions
inner join deals on conversions.salesforce_opportunity_id = deals.n::varchar
inner join members on deals.n = members.deal;
create or replace table marts.int_buying_groups__members (
    salesforce_opportunity_id varchar, person_id varchar, basis varchar, role varchar);
create or replace table marts.int_conversions__leads (
    person_id varchar, conversion_type varchar, converted_at timestamp);
create or replace table marts.int_conversions__opportunities as
select conversion_id, conversion_type, make_timestamp(created * 1000) as opportunity_created_at
from marts.fct_conversions as conversions
inner join deals on conversions.salesforce_opportunity_id = deals.n::varchar;
create or replace table staging.stg_salesforce__opportunities as
select
    n::varchar as salesforce_opportunity_id, 'New Business' as opportunity_type, is_closed, is_won,
    false as is_deleted, make_timestamp(closed * 1000)::date as close_date
from deals;
create or replace table marts.int_attribution__experiments (
    experiment varchar, channel varchar, conversion_type varchar, linear_credit double,
    caused double, standard_error double);
"""

_WEIGHTS = """
select
    credits.channel, split_part(credits.conversion_id, ':', 2)::bigint as deal,
    epoch_ms(credits.touched_at) as touched, credits.linear_weight as linear
from marts.conversion_touches as credits
where starts_with(credits.conversion_id, 'closed_won:') and not starts_with(credits.touch_id, '(')
    and credits.converted_at < make_timestamp(? * 1000)
order by all
"""


def create(con: duckdb.DuckDBPyConnection, world: World) -> None:
    """The upstream tables of the attribution marts, and no experiment."""
    visits, deals = world.journeys.sessions, world.journeys.deals
    deal, member = world.journeys.deal_people.T
    _register(con, "visits", n=np.arange(len(visits)), person=visits.person, moment=visits.start,
              channel=pa.DictionaryArray.from_arrays(visits.channel, NAMES))  # fmt: skip
    _register(con, "deals", n=np.arange(len(deals)), buyer=deals.buyer, created=deals.created,
              closed=deals.closed, is_won=deals.won, is_closed=~deals.stage_open)  # fmt: skip
    _register(con, "members", deal=deal, person=member)
    con.execute(_TABLES)


def _register(con: duckdb.DuckDBPyConnection, name: str, **columns: Any) -> None:
    con.register(name, pa.table(columns))


def experiments(con: duckdb.DuckDBPyConnection, world: World, months: int) -> None:
    """Into the marts what the holdouts of the first `months` showed in the sales of these months.

    A channel's holdout has one assignment and several months: it is one experiment. Sales are
    compared by the arm of the buyer, and counts of sales have the variance of their mean.
    """
    holdouts, deals = world.holdouts, world.journeys.deals
    assert holdouts is not None
    until = world.span.month_starts[months]
    found = con.execute(_WEIGHTS, [until]).to_arrow_table()
    name, weight = np.asarray(found["channel"]), np.asarray(found["linear"])
    deal, touched = (np.asarray(found[column], np.int64) for column in ("deal", "touched"))
    month = holdouts.month_of(touched)
    early = deals.won & (deals.closed < until)
    rows = []
    for test, channel in enumerate(holdouts.channel):
        held = holdouts.held[test]
        scale = (~held).sum() / held.sum()
        is_held = held[deals.buyer]
        treated, untreated = int((early & ~is_held).sum()), int((early & is_held).sum())
        shown = (name == NAMES[channel]) & ~is_held[deal] & holdouts.active[test][month]
        rows.append(
            (f"holdout {test}", NAMES[channel], "closed_won", float(weight[shown].sum()),
             float(treated - untreated * scale), float(np.sqrt(treated + untreated * scale**2)))
        )  # fmt: skip
    marks = ", ".join("?" for _ in rows[0])
    con.executemany(f"insert into marts.int_attribution__experiments values ({marks})", rows)
