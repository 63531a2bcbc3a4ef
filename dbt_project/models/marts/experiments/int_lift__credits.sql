with

summed as (
    select *
    from {{ ref('int_lift__tested') }}
),

effects as (
    select *
    from {{ ref('channel_effects') }}
    where is_chosen
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
