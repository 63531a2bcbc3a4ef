with

conversions as (
    select *
    from {{ ref('int_lift__conversions') }}
    where arm = 'treatment'
),

credits as (
    select *
    from {{ ref('fct_attributed_conversions') }}
),

touches as (
    select *
    from {{ ref('fct_touches') }}
),

periods as (
    select *
    from {{ ref('int_lift__periods') }}
),

-- A touch outside the periods of the experiment was open to both arms.
placed as (
    select  -- noqa: ST06
        conversions.experiment,
        conversions.channel,
        conversions.conversion_type,
        credits.model,
        credits.weight,
        coalesce(credits.revenue_usd, 0) as revenue_usd,
        credits.channel <> '(unattributed)' as is_credited,
        credits.channel = conversions.channel as is_channel,
        is_channel and periods.starts_at is not null as is_tested
    from conversions
    inner join credits on conversions.conversion_id = credits.conversion_id
    left join touches on credits.touch_id = touches.touch_id
    left join periods
        on
            conversions.experiment = periods.experiment
            and conversions.channel = periods.channel
            and touches.touched_at >= periods.starts_at
            and touches.touched_at < periods.ends_at
),

summed as (
    select
        experiment,
        channel,
        conversion_type,
        model,
        coalesce({{ exact_sum('weight', 'is_tested') }}, 0)::double as tested_weight,
        coalesce({{ exact_sum('weight', 'is_channel') }}, 0)::double as channel_weight,
        coalesce({{ exact_sum('weight', 'is_credited') }}, 0)::double as credited_weight,
        coalesce(sum(revenue_usd) filter (where is_tested), 0)::double as tested_usd,
        coalesce(sum(revenue_usd) filter (where is_credited), 0)::double as credited_usd
    from placed
    group by all
)

select * from summed
