"""Touches and conversions at size, as the marts before attribution leave them."""

import duckdb

TOUCHES_PER_CONVERSION = 10
CONVERSIONS_PER_TOUCH = 1 / 20

# A person has ten touches more than a year before the sale and ten in the hundred days before it;
# one touch in 50 has no consent, one sale in 50 is of a person without touches.
_TABLES = """
create schema if not exists marts;
create or replace table marts.fct_touches as
select
    'touch_' || lpad(n::varchar, 10, '0') as touch_id,
    'p_' || left(md5((n // 20)::varchar), 16) as person_id,
    if(n // 20 % 3 = 0, null, 'account_' || (n // 60)) as account_id,
    if(hash(n) % 3 = 0, null, 'campaign_' || hash(n) % 200) as campaign_id,
    ['direct', 'paid_search', 'paid_social', 'display', 'email', 'organic_search', 'referral',
        'organic_social', 'ai_assistants', 'webinars'][1 + (hash(n * 7) % 10)::integer] as channel,
    2::integer as source_priority,
    hash(n * 13) % 50 != 0 as is_consented,
    timestamp '2025-07-01' + to_seconds(n // 20 % 86400)
        - to_days(if(n % 20 < 10, 400 - n % 20, 10 * (20 - n % 20))::integer) as touched_at
from range(getvariable('touches')) numbers (n);
create or replace table marts.fct_conversions as
select
    'closed_won:' || n as conversion_id, 'closed_won' as conversion_type,
    if(n % 50 = 0, 'p_nobody' || n, 'p_' || left(md5(n::varchar), 16)) as person_id,
    'account_' || (n // 3) as account_id, n::varchar as salesforce_opportunity_id,
    'closed_won:' || n as credit_conversion_id,
    (100 + hash(n) % 1000000 / 100.0)::decimal(18, 2) as revenue_local,
    if(n % 2 = 0, 'EUR', 'USD') as currency,
    (revenue_local * if(n % 2 = 0, 1.0837, 1))::decimal(18, 2) as revenue_usd,
    timestamp '2025-07-01' + to_seconds(n % 86400) as converted_at
from range(getvariable('touches') // 20) numbers (n);
create or replace table marts.int_conversions__people as
select conversion_id, person_id, true as is_main from marts.fct_conversions;
create or replace table marts.int_buying_groups__members as
select
    salesforce_opportunity_id, person_id, 'contact_role' as basis, 'Decision Maker' as role
from marts.fct_conversions;
create or replace table marts.int_conversions__leads as
select
    person_id, 'lead_created' as conversion_type,
    converted_at - to_days((30 + hash(conversion_id) % 120)::integer) as converted_at
from marts.fct_conversions;
create or replace table marts.int_conversions__opportunities as
select
    conversion_id, conversion_type,
    converted_at - to_days((5 + hash(conversion_id) % 60)::integer) as opportunity_created_at
from marts.fct_conversions;
"""

# One person in a hundred, others each day, has four more touches, two of them eligible.
_CHANGE = """
insert into marts.fct_touches by name
select
    touch_id || '_' || getvariable('day') as touch_id,
    touched_at + to_hours(1) as touched_at,
    * exclude (touch_id, touched_at)
from marts.fct_touches
where hash(person_id) % 100 = getvariable('day')
    and len(touch_id) = 16 and touch_id[-1] in ('4', '5');
"""

FLOOR = """
select max(place), count(*)
from (
    select row_number() over (partition by person_id order by touched_at) as place
    from marts.fct_touches
)
"""


def create(con: duckdb.DuckDBPyConnection, touches: int) -> None:
    """`touches` touches of a twentieth as many people, each with one sale of ten eligible ones."""
    con.execute("set variable touches = ?", [touches])
    con.execute(_TABLES)
    con.execute("checkpoint")


def change(con: duckdb.DuckDBPyConnection, day: int) -> None:
    """What `day` (below 100) adds: new touches of one person in a hundred."""
    con.execute("set variable day = ?", [day])
    con.execute(_CHANGE)
    con.execute("checkpoint")
