with

weeks as (
    select *
    from {{ ref('int_mmm__weeks') }}
),

spend as (
    select
        cast(date_trunc('week', spend_date) as date) as week_start,
        channel,
        spend_usd,
        impressions,
        clicks
    from {{ ref('fct_ad_spend') }}
),

touches as (
    select
        cast(date_trunc('week', touched_at) as date) as week_start,
        if(is_consented, channel, '(consent withheld)') as channel,
        1 as touches,
        cast(touch_type in ('web_session', 'ad_click') as integer) as sessions
    from {{ ref('fct_touches') }}
),

unioned as (
    select * from spend
    union all by name
    select * from touches
),

summed as (
    select
        week_start,
        channel,
        sum(spend_usd) as spend_usd,
        sum(impressions) as impressions,
        sum(clicks) as clicks,
        sum(touches) as touches,
        sum(sessions) as sessions
    from unioned
    group by all
),

channels as (
    select distinct channel
    from summed
),

-- A week in which a channel did nothing is a row of noughts.
filled as (
    select
        weeks.week_start,
        channels.channel,
        weeks.is_complete,
        cast(coalesce(summed.spend_usd, 0) as decimal(18, 2)) as spend_usd,
        cast(coalesce(summed.impressions, 0) as bigint) as impressions,
        cast(coalesce(summed.clicks, 0) as bigint) as clicks,
        cast(coalesce(summed.touches, 0) as bigint) as touches,
        cast(coalesce(summed.sessions, 0) as bigint) as sessions
    from weeks
    cross join channels
    left join summed
        on weeks.week_start = summed.week_start and channels.channel = summed.channel
)

select * from filled
