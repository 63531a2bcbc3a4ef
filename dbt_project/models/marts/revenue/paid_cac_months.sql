with

months as (
    select
        models.model,
        months.period
    from {{ ref('int_revenue__months') }} as months
    cross join {{ ref('attribution_models') }} as models
),

paid as (
    select
        model,
        period,
        sum(spend_usd) as paid_spend_usd,
        {{ exact_sum('new_customers') }}::double as paid_customers
    from {{ ref('channel_costs_of_customers') }}
    where is_paid
    group by all
),

summed as (
    select
        months.model,
        months.period,
        cast(coalesce(paid.paid_spend_usd, 0) as decimal(18, 2)) as paid_spend_usd,
        coalesce(paid.paid_customers, 0) as paid_customers
    from months
    left join paid on months.model = paid.model and months.period = paid.period
),

rated as (
    select
        *,
        cast(cast(paid_spend_usd as double) / nullif(paid_customers, 0) as decimal(18, 2))
            as paid_cac_usd
    from summed
)

select * from rated
