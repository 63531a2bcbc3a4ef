with

months as (
    select *
    from {{ ref('int_revenue__months') }}
),

revenue as (
    select
        cast(date_trunc('month', converted_at) as date) as period,
        sum(revenue_usd) filter (where conversion_type = 'closed_won') as sales_usd,
        sum(revenue_usd) filter (where conversion_type = 'refund') as refunds_usd
    from {{ ref('fct_conversions') }}
    group by all
),

costs as (
    select
        cast(date_trunc('month', cost_date) as date) as period,
        sum(cost_usd) filter (where cost_kind = 'media') as spend_usd,
        sum(cost_usd) as cost_usd
    from {{ ref('fct_marketing_costs') }}
    group by all
),

customers as (
    select
        period,
        count(*) as new_customers
    from {{ ref('int_revenue__new_customers') }}
    group by all
),

summed as (
    select
        months.period,
        months.gross_margin,
        cast(coalesce(revenue.sales_usd, 0) as decimal(18, 2)) as sales_usd,
        cast(coalesce(revenue.refunds_usd, 0) as decimal(18, 2)) as refunds_usd,
        cast(
            coalesce(revenue.sales_usd, 0) + coalesce(revenue.refunds_usd, 0) as decimal(18, 2)
        ) as revenue_usd,
        cast(coalesce(costs.spend_usd, 0) as decimal(18, 2)) as spend_usd,
        cast(coalesce(costs.cost_usd, 0) as decimal(18, 2)) as cost_usd,
        coalesce(customers.new_customers, 0) as new_customers
    from months
    left join revenue on months.period = revenue.period
    left join costs on months.period = costs.period
    left join customers on months.period = customers.period
),

rated as (
    select
        period,
        sales_usd,
        refunds_usd,
        revenue_usd,
        cast(revenue_usd * gross_margin as decimal(18, 2)) as gross_profit_usd,
        spend_usd,
        cost_usd,
        new_customers,
        cast(cast(cost_usd as double) / nullif(new_customers, 0) as decimal(18, 2))
            as blended_cac_usd,
        cast(revenue_usd as double) / nullif(cost_usd, 0) as mer,
        100 * cast((revenue_usd - cost_usd) as double) / nullif(cost_usd, 0) as roi,
        100 * cast((revenue_usd * gross_margin - cost_usd) as double) / nullif(cost_usd, 0)
            as roi_gross_margin
    from summed
)

select * from rated
