with

credits as (
    select *
    from {{ ref('int_lift__credits') }}
),

results as (
    select *
    from {{ ref('lift_results') }}
    where incremental_conversions is not null
),

reported as (
    select distinct model
    from {{ ref('channel_attribution') }}
),

-- What the treatment arm says, of everyone assigned.
compared as (
    select  -- noqa: ST06
        results.experiment,
        results.channel,
        results.conversion_type,
        reported.model,
        results.is_complete,
        (results.treatment_people + results.holdout_people) / results.treatment_people as scale,
        coalesce(credits.conversions, 0) * scale as credited_conversions,
        coalesce(credits.revenue_usd, 0) * scale as credited_revenue_usd,
        results.incremental_conversions * scale as measured_conversions,
        results.incremental_revenue_usd * scale as measured_revenue_usd,
        (results.incremental_conversions_high - results.incremental_conversions) * scale
            as conversions_reach,
        (results.incremental_revenue_usd_high - results.incremental_revenue_usd) * scale
            as revenue_usd_reach
    from results
    cross join reported
    left join credits
        on
            results.experiment = credits.experiment
            and results.channel = credits.channel
            and results.conversion_type = credits.conversion_type
            and reported.model = credits.model
)

select * from compared
