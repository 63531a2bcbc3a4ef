with

credits as (
    select *
    from {{ ref('int_attribution__credits') }}
    where model = 'linear'
),

effects as (
    select *
    from {{ ref('channel_effects') }}
    where is_chosen and share > 0
),

models as (
    select unnest({{ data_driven_models() }}) as model  -- noqa: RF04
),

-- What journeys earned is shared anew; what nobody's touch led to is no channel's in any model.
totals as (
    select  -- noqa: ST06
        models.model,
        credits.period,
        credits.conversion_type,
        credits.is_counted,
        if(credits.channel = '(unattributed)', credits.channel, null) as channel,
        if(credits.conversion_type = 'refund', 'closed_won', credits.conversion_type)
            as learned_from,
        {{ exact_sum('credits.weight') }}::double as weight,
        cast(abs(sum(credits.revenue_usd)) * 100 as bigint) as usd_cents,
        sign(sum(credits.revenue_usd)) as usd_sign
    from credits
    cross join models
    group by all
),

shared as (
    select  -- noqa: ST06
        totals.model,
        totals.period,
        totals.conversion_type,
        totals.is_counted,
        coalesce(totals.channel, effects.channel, '(not modelled)') as channel,
        totals.channel is not null as is_unattributed,
        totals.weight * coalesce(effects.share, 1) as weight,
        totals.usd_cents * coalesce(effects.share, 1) as exact_cents,
        totals.usd_cents,
        totals.usd_sign
    from totals
    left join effects
        on
            totals.model = effects.model
            and totals.learned_from = effects.conversion_type
            and totals.channel is null
),

-- As in conversion_touches: whole cents by largest remainder, ties to the first by name.
floored as (
    select
        *,
        cast(floor(exact_cents + 1e-6) as bigint) as floor_cents,
        round(exact_cents - floor(exact_cents + 1e-6), 6) as left_over
    from shared
),

ranked as (
    select
        *,
        usd_cents - sum(floor_cents) over journeys as cents_left,
        row_number() over (
            partition by model, period, conversion_type, is_unattributed
            order by left_over desc, channel asc
        ) as place
    from floored
    window journeys as (partition by model, period, conversion_type, is_unattributed)
),

credited as (
    select
        model,
        period,
        channel,
        conversion_type,
        is_counted,
        weight,
        cast(
            usd_sign * (floor_cents + cast(place <= cents_left as integer)) as decimal(18, 2)
        ) / 100 as revenue_usd
    from ranked
)

select * from credited
