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

effects as (
    select *
    from {{ ref('channel_effects') }}
    where is_chosen
),

-- A touch outside the experiment was open to both arms.
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
        coalesce(
            credits.channel = conversions.channel
            and touches.touched_at >= conversions.starts_at
            and touches.touched_at < conversions.ends_at, false
        ) as is_tested
    from conversions
    inner join credits on conversions.conversion_id = credits.conversion_id
    left join touches on credits.touch_id = touches.touch_id
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
),

-- Markov and Shapley credit no touches: of their share of all, the part that linear credit has in
-- the experiment.
learned as (
    select  -- noqa: ST06
        summed.experiment,
        summed.channel,
        summed.conversion_type,
        effects.model,
        summed.credited_weight * effects.share
        * coalesce(summed.tested_weight / nullif(summed.channel_weight, 0), 0) as conversions,
        summed.credited_usd * effects.share
        * coalesce(summed.tested_weight / nullif(summed.channel_weight, 0), 0) as revenue_usd
    from summed
    inner join effects
        on
            summed.channel = effects.channel
            and effects.conversion_type
            = if(summed.conversion_type = 'refund', 'closed_won', summed.conversion_type)
    where summed.model = 'linear'
),

unioned as (
    select
        experiment,
        channel,
        conversion_type,
        model,
        tested_weight as conversions,
        tested_usd as revenue_usd
    from summed
    union all by name
    select * from learned
)

select * from unioned
