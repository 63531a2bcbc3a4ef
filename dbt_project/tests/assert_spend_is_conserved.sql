-- Fails if spend is lost or made between staging, fct_ad_spend and the reports by channel and by
-- campaign. This exists because joining spend to conversions drops what brought none, and ROAS then
-- looks better than it is.
with

staged as (
    select
        coalesce(currency, '{{ var("corporate_currency", "USD") }}') as currency,
        sum(cost_local) as spend_local,
        sum(clicks) as clicks
    from {{ ref('stg_google_ads__campaign_days') }}
    group by all
),

spent as (
    select
        currency,
        sum(spend_local) as spend_local,
        sum(clicks) as clicks,
        count(*) filter (where spend_usd is null and spend_local is not null) as unrated_count
    from {{ ref('fct_ad_spend') }}
    group by all
),

total as (
    select coalesce(sum(spend_usd), 0) as spend_usd
    from {{ ref('fct_ad_spend') }}
),

reported as (
    select
        'channel_attribution' as report,
        model,
        sum(spend_usd) as spend_usd
    from {{ ref('channel_attribution') }}
    group by all
    union all
    select
        'campaign_attribution' as report,
        model,
        sum(spend_usd) as spend_usd
    from {{ ref('campaign_attribution') }}
    group by all
)

select 'fct_ad_spend ' || coalesce(staged.currency, spent.currency) as place
from staged
full outer join spent on staged.currency = spent.currency
where
    staged.spend_local is distinct from spent.spend_local
    or staged.clicks is distinct from spent.clicks
    or spent.unrated_count > 0
union all
select reported.report || ' ' || reported.model as place
from reported
cross join total
where reported.spend_usd is distinct from total.spend_usd
