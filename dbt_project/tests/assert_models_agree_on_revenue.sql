-- Fails if a model's revenue differs by a cent from the revenue of all conversions, in US dollars
-- or in any currency, in the attributed rows or in the reports by channel and by campaign. This
-- exists because models share one total out in different ways: none may make or lose money.
with

models as (
    select model
    from {{ ref('attribution_models') }}
),

totals as (
    select
        models.model,
        conversions.currency,
        sum(conversions.revenue_local) as revenue_local,
        sum(conversions.revenue_usd) as revenue_usd
    from {{ ref('fct_conversions') }} as conversions
    cross join models
    group by all
),

attributed as (
    select
        model,
        currency,
        sum(revenue_local) as revenue_local,
        sum(revenue_usd) as revenue_usd
    from {{ ref('fct_attributed_conversions') }}
    group by all
),

reported as (
    select
        'channel_attribution' as report,
        model,
        sum(revenue_usd) as revenue_usd
    from {{ ref('channel_attribution') }}
    group by all
    union all
    select
        'campaign_attribution' as report,
        model,
        sum(revenue_usd) as revenue_usd
    from {{ ref('campaign_attribution') }}
    group by all
),

totals_usd as (
    select
        model,
        sum(revenue_usd) as revenue_usd
    from totals
    group by all
)

select
    'fct_attributed_conversions' as report,
    coalesce(totals.model, attributed.model) as model,  -- noqa: RF04
    coalesce(totals.currency, attributed.currency) as currency
from totals
full outer join attributed
    on
        totals.model = attributed.model
        and totals.currency = attributed.currency
where
    totals.revenue_local is distinct from attributed.revenue_local
    or totals.revenue_usd is distinct from attributed.revenue_usd
union all
select
    reported.report,
    totals_usd.model,
    'USD' as currency
from totals_usd
left join reported on totals_usd.model = reported.model
where coalesce(totals_usd.revenue_usd, 0) is distinct from reported.revenue_usd
