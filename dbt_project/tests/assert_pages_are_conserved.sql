-- Fails if a page of staging is neither in a session nor left out with a reason, or a visitor's
-- sessions overlap. This exists because a page counted twice or not at all moves every rate per
-- session, and a rule that leaves pages out must say how many.
with

sessions as (
    select
        visitor_id,
        started_at,
        ended_at,
        page_count,
        lead(started_at) over (
            partition by visitor_id order by started_at, ended_at, session_id
        ) as next_started_at
    from {{ ref('int_web__sessions') }}
),

counted as (
    select
        (select count(*) from {{ ref('stg_web_events__pages') }})
        + (select count(*) from {{ ref('stg_web_events__ga4_pages') }}) as page_count,
        (select coalesce(sum(page_count), 0) from sessions) as session_page_count,
        (select count(*) from {{ ref('int_web__left_out_pages') }}) as left_out_count
)

select 'pages' as problem
from counted
where page_count != session_page_count + left_out_count
union all
select 'overlap' as problem
from sessions
where next_started_at < ended_at or ended_at < started_at
