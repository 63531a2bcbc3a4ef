with

days as (
    select
        *,
        coalesce(currency, '{{ var("corporate_currency", "USD") }}') as spend_currency
    from {{ ref('stg_google_ads__campaign_days') }}
),

campaigns as (
    select *
    from {{ ref('dim_campaigns') }}
    where campaign_source = 'google_ads'
),

rates as (
    select *
    from {{ ref('int_rates__periods') }}
),

spend as (
    select  -- noqa: ST06
        ---------- ids
        days.report_date as spend_date,
        'google_ads' as source,  -- noqa: RF04
        campaigns.campaign_id,
        ---------- text
        days.campaign_name,
        coalesce(campaigns.channel, 'paid_search') as channel,
        days.spend_currency as currency,
        ---------- numerics
        days.cost_local as spend_local,
        cast(days.cost_local * rates.usd_rate as decimal(18, 2)) as spend_usd,
        days.impressions,
        days.clicks,
        days.conversions as platform_conversions
    from days
    left join campaigns on days.google_ads_campaign_id = campaigns.source_campaign_id
    left join rates
        on
            days.spend_currency = rates.currency
            and days.report_date >= rates.valid_from
            and days.report_date < rates.valid_until
)

select * from spend
