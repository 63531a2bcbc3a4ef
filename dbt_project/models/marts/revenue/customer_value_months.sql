with

customers as (
    select
        period,
        count(*) filter (where is_active) as active_customers,
        count(*) filter (where is_at_risk) as customers_at_start,
        count(*) filter (where is_at_risk and not is_kept) as lost_customers
    from {{ ref('int_billing__customers') }}
    group by all
),

billed as (
    select
        period,
        sum(billed_usd) as billed_usd
    from {{ ref('int_billing__months') }}
    where period <= {{ as_of() }}
    group by all
),

monthly as (
    select
        months.period,
        billed.billed_usd,
        revenue_months.cost_usd,
        revenue_months.new_customers,
        coalesce(customers.active_customers, 0) as active_customers,
        coalesce(customers.customers_at_start, 0) as customers_at_start,
        coalesce(customers.lost_customers, 0) as lost_customers,
        billed.billed_usd * months.gross_margin as profit_usd
    from {{ ref('int_revenue__months') }} as months
    inner join {{ ref('revenue_months') }} as revenue_months
        on months.period = revenue_months.period
    left join customers on months.period = customers.period
    left join billed on months.period = billed.period
),

windowed as (
    select
        monthly.period,
        cast(coalesce(any_value(monthly.billed_usd), 0) as decimal(18, 2)) as billed_usd,
        any_value(monthly.active_customers) as active_customers,
        any_value(monthly.customers_at_start) as customers_at_start,
        any_value(monthly.lost_customers) as lost_customers,
        cast(sum(past.billed_usd) as double) / nullif(sum(past.active_customers), 0) as arpa,
        cast(sum(past.profit_usd) as double) / nullif(sum(past.active_customers), 0) as profit,
        cast(sum(past.lost_customers) as double)
        / nullif(sum(past.customers_at_start), 0) as churn_rate,
        cast(sum(past.cost_usd) as double) / nullif(sum(past.new_customers), 0) as cac
    from monthly
    cross join {{ ref('revenue_rules') }} as rules
    inner join monthly as past
        on
            monthly.period >= past.period
            and past.period > monthly.period - to_months(rules.value)
    where rules.rule = 'value_months'
    group by monthly.period
),

rated as (
    select
        period,
        active_customers,
        customers_at_start,
        lost_customers,
        billed_usd,
        cast(arpa as decimal(18, 2)) as arpa_usd,
        churn_rate,
        cast(profit / nullif(churn_rate, 0) as decimal(18, 2)) as ltv_usd,
        cast(cac as decimal(18, 2)) as cac_usd,
        1 / nullif(churn_rate, 0) as lifetime_months,
        profit / nullif(churn_rate, 0) / nullif(cac, 0) as ltv_to_cac,
        case when profit > 0 then cac / profit end as payback_months
    from windowed
)

select * from rated
