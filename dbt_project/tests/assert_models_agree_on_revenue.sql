-- Fails if a model's revenue of any month differs by a cent from the revenue of the month's
-- conversions, in US dollars or in any currency, in the attributed rows or in the reports by
-- channel and by campaign. This exists because models share one total out in different ways: none
-- may make or lose money, nor move it to another month.
with

totals as (
    select
        cast(date_trunc('month', converted_at) as date) as period,
        currency,
        sum(revenue_local) as revenue_local,
        sum(revenue_usd) as revenue_usd
    from {{ ref('fct_conversions') }}
    group by all
),

attributed as (
    select
        model,
        cast(date_trunc('month', converted_at) as date) as period,
        currency,
        sum(revenue_local) as revenue_local,
        sum(revenue_usd) as revenue_usd
    from {{ ref('fct_attributed_conversions') }}
    group by all
),

expected as (
    select
        totals.*,
        attribution_models.model
    from totals
    cross join {{ ref('attribution_models') }} as attribution_models
),

{{ reported_by_month(["revenue_usd"]) }},

expected_usd as (
    select
        models.report,
        models.model,
        totals.period,
        sum(totals.revenue_usd) as revenue_usd
    from totals
    cross join models
    group by all
),

compared as (
    select
        'fct_attributed_conversions' as report,
        coalesce(expected.model, attributed.model) as model,  -- noqa: RF04
        coalesce(expected.period, attributed.period) as period,
        coalesce(expected.currency, attributed.currency) as currency
    from expected
    full outer join attributed
        on
            expected.model = attributed.model
            and expected.period = attributed.period
            and expected.currency = attributed.currency
    where
        expected.revenue_local is distinct from attributed.revenue_local
        or expected.revenue_usd is distinct from attributed.revenue_usd
    union all
    select
        coalesce(expected_usd.report, reported.report) as report,
        coalesce(expected_usd.model, reported.model) as model,  -- noqa: RF04
        coalesce(expected_usd.period, reported.period) as period,
        'USD' as currency
    from expected_usd
    full outer join reported
        on
            expected_usd.report = reported.report
            and expected_usd.model = reported.model
            and expected_usd.period = reported.period
    where coalesce(expected_usd.revenue_usd, 0) != coalesce(reported.revenue_usd, 0)
)

select * from compared
