with

credited as (
    select
        attributed.model,
        customers.period,
        attributed.channel,
        attributed.weight
    from {{ ref('int_revenue__new_customers') }} as customers
    inner join {{ ref('fct_attributed_conversions') }} as attributed
        on customers.conversion_id = attributed.conversion_id
),

spent as (
    select
        models.model,
        cast(date_trunc('month', marketing_costs.cost_date) as date) as period,
        marketing_costs.channel,
        marketing_costs.cost_usd,
        if(marketing_costs.cost_kind = 'media', marketing_costs.cost_usd, 0) as spend_usd
    from {{ ref('fct_marketing_costs') }} as marketing_costs
    cross join {{ ref('attribution_models') }} as models
),

unioned as (
    select * from credited
    union all by name
    select * from spent
),

summed as (
    select
        unioned.model,
        unioned.period,
        unioned.channel,
        channels.is_paid,
        coalesce({{ exact_sum('unioned.weight') }}, 0)::double as new_customers,
        cast(coalesce(sum(unioned.spend_usd), 0) as decimal(18, 2)) as spend_usd,
        cast(coalesce(sum(unioned.cost_usd), 0) as decimal(18, 2)) as cost_usd
    from unioned
    inner join {{ ref('channels') }} as channels on unioned.channel = channels.channel
    group by all
),

rated as (
    select
        *,
        cast(cast(cost_usd as double) / nullif(new_customers, 0) as decimal(18, 2)) as cac_usd
    from summed
)

select * from rated
