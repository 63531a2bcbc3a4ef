with

campaigns as (
    select *
    from {{ ref('dim_campaigns') }}
),

named as (
    select
        *,
        first_value(campaign_id) over (
            partition by canonical_name
            order by
                array_position(
                    [
                        'salesforce', 'google_ads', 'meta_ads', 'linkedin_ads', 'microsoft_ads',
                        'hubspot', 'utm'
                    ],
                    campaign_source
                ),
                campaign_id
        ) as main_campaign_id
    from campaigns
),

credited as (
    select
        credits.model,
        credits.period,
        named.main_campaign_id as campaign_id,
        coalesce(named.canonical_name, case
            when starts_with(credits.channel, '(') then credits.channel
            else '(no campaign)'
        end) as canonical_name,
        credits.conversion_type,
        credits.is_counted,
        credits.weight,
        credits.revenue_usd
    from {{ ref('int_attribution__credits') }} as credits
    left join named on credits.campaign_id = named.campaign_id
),

spent as (
    select
        models.model,
        cast(date_trunc('month', spend.spend_date) as date) as period,
        named.main_campaign_id as campaign_id,
        coalesce(named.canonical_name, '(no campaign)') as canonical_name,
        spend.spend_usd
    from {{ ref('fct_ad_spend') }} as spend
    left join named on spend.campaign_id = named.campaign_id
    cross join {{ ref('attribution_models') }} as models
),

unioned as (
    select * from credited
    union all by name
    select * from spent
),

summed as (
    select
        model,
        period,
        campaign_id,
        canonical_name,
        cast(coalesce(sum(revenue_usd), 0) as decimal(18, 2)) as revenue_usd,
        cast(coalesce(sum(spend_usd), 0) as decimal(18, 2)) as spend_usd,
        coalesce({{ exact_sum('weight', 'is_counted') }}, 0)::double as conversions,
        coalesce({{ exact_sum('weight', "conversion_type = 'lead_created'") }}, 0)::double as leads,
        coalesce({{ exact_sum('weight', "conversion_type = 'mql'") }}, 0)::double as mqls,
        coalesce({{ exact_sum('weight', "conversion_type = 'opportunity_created'") }}, 0)::double
            as opportunities
    from unioned
    group by model, period, campaign_id, canonical_name
),

rated as (
    select
        summed.*,
        {{ attribution_ratios() }}
    from summed
    left join {{ ref('margins') }} as margins
        on
            summed.period >= margins.valid_from
            and summed.period < coalesce(margins.valid_to, date '9999-12-31')
)

select * from rated
