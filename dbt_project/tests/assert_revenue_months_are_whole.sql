-- Fails if a month of revenue_months differs by a cent from the conversions or the marketing costs
-- of that month, or the channels' shares of new customers do not sum to the month's in every model.
-- This exists because a month that is missing from the list of months takes its money with it.
with

months as (
    select *
    from {{ ref('revenue_months') }}
),

earned as (
    select
        cast(date_trunc('month', converted_at) as date) as period,
        sum(revenue_usd) as revenue_usd
    from {{ ref('fct_conversions') }}
    group by all
),

spent as (
    select
        cast(date_trunc('month', cost_date) as date) as period,
        sum(cost_usd) as cost_usd
    from {{ ref('fct_marketing_costs') }}
    group by all
),

shared as (
    select
        model,
        period,
        sum(new_customers) as new_customers
    from {{ ref('channel_costs_of_customers') }}
    group by all
),

expected as (
    select
        attribution_models.model,
        months.period,
        months.new_customers
    from months
    cross join {{ ref('attribution_models') }} as attribution_models
)

select 'revenue ' || coalesce(months.period, earned.period) as place
from months
full outer join earned on months.period = earned.period
where coalesce(months.revenue_usd, 0) != coalesce(earned.revenue_usd, 0)
union all
select 'cost ' || coalesce(months.period, spent.period) as place
from months
full outer join spent on months.period = spent.period
where coalesce(months.cost_usd, 0) != coalesce(spent.cost_usd, 0)
union all
select 'customers ' || coalesce(expected.model, shared.model) as place
from expected
full outer join shared on expected.model = shared.model and expected.period = shared.period
where abs(coalesce(expected.new_customers, 0) - coalesce(shared.new_customers, 0)) > 1e-9
