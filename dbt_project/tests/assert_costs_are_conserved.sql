-- Fails if a marketing cost is lost or made: between the cost list or fct_ad_spend and
-- fct_marketing_costs, per currency, and between that and the reports by channel and by campaign,
-- in every model and period. This exists because a cost without a channel, a campaign or a
-- conversion is easily lost in a join, and ROI then looks better than it is.
with

costs as (
    select
        *,
        cast(date_trunc('month', cost_date) as date) as period
    from {{ ref('fct_marketing_costs') }}
),

-- What cannot be dated or read is left out, and said so row by row.
came_in as (
    select
        'other ' || coalesce(listed.currency, '{{ var("corporate_currency", "USD") }}') as place,
        sum(listed.cost_local) as cost_local,
        0 as cost_usd
    from {{ ref('stg_costs__costs') }} as listed
    where listed.cost_date is not null
    group by all
    union all
    select
        'media ' || currency as place,
        sum(spend_local) as cost_local,
        sum(spend_usd) as cost_usd
    from {{ ref('fct_ad_spend') }}
    group by all
),

went_out as (
    select
        cost_kind || ' ' || currency as place,
        sum(cost_local) as cost_local,
        sum(if(cost_kind = 'media', cost_usd, 0)) as cost_usd
    from costs
    group by all
),

{{ reported_by_month(["cost_usd", "spend_usd"]) }},

expected as (
    select
        models.report,
        models.model,
        costs.period,
        sum(costs.cost_usd) as cost_usd,
        sum(costs.cost_usd) filter (where costs.cost_kind = 'media') as spend_usd
    from costs
    cross join models
    group by all
),

compared as (
    select 'fct_marketing_costs ' || coalesce(came_in.place, went_out.place) as place
    from came_in
    full outer join went_out on came_in.place = went_out.place
    where
        coalesce(came_in.cost_local, 0) != coalesce(went_out.cost_local, 0)
        or coalesce(came_in.cost_usd, 0) != coalesce(went_out.cost_usd, 0)
    union all
    select
        coalesce(expected.report, reported.report) || ' '
        || coalesce(expected.model, reported.model) as place
    from expected
    full outer join reported
        on
            expected.report = reported.report
            and expected.model = reported.model
            and expected.period = reported.period
    where
        coalesce(expected.cost_usd, 0) != coalesce(reported.cost_usd, 0)
        or coalesce(expected.spend_usd, 0) != coalesce(reported.spend_usd, 0)
)

select * from compared
