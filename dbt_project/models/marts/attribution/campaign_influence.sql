with

conversions as (
    select
        *,
        cast(date_trunc('month', converted_at) as date) as period
    from {{ ref('fct_conversions') }}
),

campaigns as (
    select *
    from {{ ref('dim_campaigns') }}
),

main as (
    select *
    from {{ ref('int_campaigns__main') }}
),

touched as (
    select distinct
        touches.conversion_id,
        main.campaign_id,
        main.canonical_name
    from {{ ref('conversion_touches') }} as touches
    inner join campaigns on touches.campaign_id = campaigns.campaign_id
    inner join main on campaigns.canonical_name = main.canonical_name
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
        touched.campaign_id,
        touched.canonical_name,
        count(*) as influenced_conversions,
        cast(coalesce(sum(conversions.revenue_usd), 0) as decimal(18, 2)) as influenced_revenue_usd,
        cast(coalesce(sum(conversions.pipeline_usd), 0) as decimal(18, 2))
            as influenced_pipeline_usd
    from touched
    inner join conversions on touched.conversion_id = conversions.conversion_id
    group by all
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
