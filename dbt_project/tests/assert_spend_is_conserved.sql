-- Fails if spend is lost or made between staging, fct_ad_spend and the reports by channel and by
-- campaign. This exists because joining spend to conversions drops what brought none, and ROAS then
-- looks better than it is.
with

platforms as (
    {% for source, table in [
        ("google_ads", "stg_google_ads__campaign_days"),
        ("google_ads", "stg_google_ads__campaign_days_api"),
        ("meta_ads", "stg_meta_ads__ad_days"),
        ("linkedin_ads", "stg_linkedin_ads__campaign_days"),
        ("microsoft_ads", "stg_microsoft_ads__campaign_days"),
    ] -%}
        select
            '{{ source }}' as source,  -- noqa: RF04
            currency,
            cost_local,
            clicks
        from {{ ref(table) }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

staged as (
    select
        source || ' ' || coalesce(currency, '{{ var("corporate_currency", "USD") }}') as place,
        sum(cost_local) as spend_local,
        sum(clicks) as clicks
    from platforms
    group by all
),

-- What is left out because another report says it too is said so, row by row.
left_out as (
    select
        source || ' ' || currency as place,
        sum(cost_local) as spend_local,
        sum(clicks) as clicks
    from {{ ref('int_spend__days') }}
    where left_out is not null
    group by all
),

spent as (
    select
        source || ' ' || currency as place,
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

select 'fct_ad_spend ' || coalesce(staged.place, spent.place) as place
from staged
full outer join spent on staged.place = spent.place
left join left_out on staged.place = left_out.place
where
    coalesce(staged.spend_local, 0)
    != coalesce(spent.spend_local, 0) + coalesce(left_out.spend_local, 0)
    or coalesce(staged.clicks, 0) != coalesce(spent.clicks, 0) + coalesce(left_out.clicks, 0)
    or spent.unrated_count > 0
union all
select reported.report || ' ' || reported.model as place
from reported
cross join total
where reported.spend_usd is distinct from total.spend_usd
