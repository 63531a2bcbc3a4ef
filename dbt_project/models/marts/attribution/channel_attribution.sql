with

credits as (
    select *
    from {{ ref('int_attribution__credits') }}
    union all by name
    select *
    from {{ ref('int_attribution__channel_credits') }}
),

models as (
    select model
    from {{ ref('attribution_models') }}
    union all
    select unnest({{ data_driven_models() }}) as model  -- noqa: RF04
),

credited as (
    select
        model,
        period,
        channel,
        conversion_type,
        is_counted,
        weight,
        revenue_usd
    from credits
),

spent as (
    select
        models.model,
        cast(date_trunc('month', marketing_costs.cost_date) as date) as period,
        marketing_costs.channel,
        marketing_costs.cost_usd,
        if(marketing_costs.cost_kind = 'media', marketing_costs.cost_usd, 0) as spend_usd
    from {{ ref('fct_marketing_costs') }} as marketing_costs
    cross join models
),

unioned as (
    select * from credited
    union all by name
    select * from spent
),

summed as (
    select
        model,
        period,
        channel,
        cast(coalesce(sum(revenue_usd), 0) as decimal(18, 2)) as revenue_usd,
        cast(coalesce(sum(spend_usd), 0) as decimal(18, 2)) as spend_usd,
        cast(coalesce(sum(cost_usd), 0) as decimal(18, 2)) as cost_usd,
        coalesce({{ exact_sum('weight', 'is_counted') }}, 0)::double as conversions,
        coalesce({{ exact_sum('weight', "conversion_type = 'lead_created'") }}, 0)::double as leads,
        coalesce({{ exact_sum('weight', "conversion_type = 'mql'") }}, 0)::double as mqls,
        coalesce({{ exact_sum('weight', "conversion_type = 'opportunity_created'") }}, 0)::double
            as opportunities
    from unioned
    group by model, period, channel
),

rated as (
    select
        summed.*,
        {{ attribution_ratios() }}
    from summed
    left join {{ ref('margins') }} as margins
        on
            summed.period >= margins.valid_from
            and summed.period < coalesce(margins.valid_to, date '9999-12-31')
)

select * from rated
