with

conversions as (
    select
        *,
        cast(date_trunc('month', converted_at) as date) as period
    from {{ ref('fct_conversions') }}
),

-- Of several touches of a channel one is enough; a label in brackets is nobody's touch.
touched as (
    select distinct
        conversion_id,
        channel
    from {{ ref('conversion_touches') }}
    where not starts_with(touch_id, '(')
),

totals as (
    select
        conversion_type,
        period,
        count(*) as conversions
    from conversions
    group by conversion_type, period
),

influenced as (
    select  -- noqa: ST06
        conversions.conversion_type,
        conversions.period,
        touched.channel,
        count(*) as influenced_conversions,
        cast(coalesce(sum(conversions.revenue_usd), 0) as decimal(18, 2)) as influenced_revenue_usd,
        cast(coalesce(sum(conversions.pipeline_usd), 0) as decimal(18, 2))
            as influenced_pipeline_usd
    from touched
    inner join conversions on touched.conversion_id = conversions.conversion_id
    group by conversions.conversion_type, conversions.period, touched.channel
),

shared as (
    select
        influenced.*,
        cast(influenced.influenced_conversions as double) / totals.conversions
            as influenced_share
    from influenced
    inner join totals
        on
            influenced.conversion_type = totals.conversion_type
            and influenced.period = totals.period
)

select * from shared
