with

entries as (
    select *
    from {{ ref('int_costs__entries') }}
    where left_out is null
),

spend as (
    select
        fct_ad_spend.*,
        campaigns.canonical_name
    from {{ ref('fct_ad_spend') }} as fct_ad_spend
    left join {{ ref('dim_campaigns') }} as campaigns
        on fct_ad_spend.campaign_id = campaigns.campaign_id
),

rates as (
    select *
    from {{ ref('int_rates__periods') }}
),

media as (
    select
        spend_date as cost_date,
        source,
        'ad_spend' as category,
        channel,
        campaign_id,
        canonical_name,
        currency,
        spend_local as cost_local,
        spend_usd as cost_usd
    from spend
),

listed as (
    select
        cost_date,
        'costs' as source,  -- noqa: RF04
        category,
        channel,
        campaign_id,
        canonical_name,
        currency,
        cast(sum(cost_local) as decimal(18, 2)) as cost_local
    from entries
    group by all
),

rated as (
    select
        listed.*,
        cast(listed.cost_local * rates.usd_rate as decimal(18, 2)) as cost_usd
    from listed
    left join rates
        on
            listed.currency = rates.currency
            and listed.cost_date >= rates.valid_from
            and listed.cost_date < rates.valid_until
),

unioned as (
    select * from media
    union all by name
    select * from rated
),

costs as (
    select  -- noqa: ST06
        ---------- ids
        unioned.cost_date,
        unioned.source,
        unioned.campaign_id,
        ---------- text
        unioned.canonical_name,
        unioned.category,
        categories.cost_kind,
        unioned.channel,
        unioned.currency,
        ---------- numerics
        unioned.cost_local,
        unioned.cost_usd
    from unioned
    left join {{ ref('cost_categories') }} as categories
        on unioned.category = categories.category
)

select * from costs
