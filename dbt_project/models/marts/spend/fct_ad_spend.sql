with

days as (
    select *
    from {{ ref('int_spend__spread') }}
),

campaigns as (
    select *
    from {{ ref('dim_campaigns') }}
),

rates as (
    select *
    from {{ ref('int_rates__periods') }}
),

summed as (
    select
        source,
        source_campaign_id,
        spend_date,
        currency,
        utm_medium,
        max(campaign_name) as campaign_name,
        cast(sum(cost_local) as decimal(18, 2)) as spend_local,
        cast(sum(impressions) as bigint) as impressions,
        cast(sum(clicks) as bigint) as clicks,
        cast({{ exact_sum('conversions') }} as double) as platform_conversions
    from days
    group by all
),

spend as (
    select  -- noqa: ST06
        ---------- ids
        summed.spend_date,
        summed.source,
        campaigns.campaign_id,
        ---------- text
        summed.campaign_name,
        coalesce(
            campaigns.channel, if(summed.utm_medium = 'cpc', 'paid_search', 'paid_social')
        ) as channel,
        summed.currency,
        ---------- numerics
        summed.spend_local,
        cast(summed.spend_local * rates.usd_rate as decimal(18, 2)) as spend_usd,
        summed.impressions,
        summed.clicks,
        summed.platform_conversions
    from summed
    left join campaigns
        on
            summed.source = campaigns.campaign_source
            and summed.source_campaign_id = campaigns.source_campaign_id
    left join rates
        on
            summed.currency = rates.currency
            and summed.spend_date >= rates.valid_from
            and summed.spend_date < rates.valid_until
)

select * from spend
