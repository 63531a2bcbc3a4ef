with

campaigns as (
    select *
    from {{ ref('dim_campaigns') }}
),

main as (
    select *
    from {{ ref('int_campaigns__main') }}
),

named as (
    select
        campaigns.campaign_id,
        campaigns.canonical_name,
        main.campaign_id as main_campaign_id
    from campaigns
    inner join main on campaigns.canonical_name = main.canonical_name
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
        cast(date_trunc('month', marketing_costs.cost_date) as date) as period,
        main.campaign_id,
        coalesce(marketing_costs.canonical_name, '(no campaign)') as canonical_name,
        marketing_costs.cost_usd,
        if(marketing_costs.cost_kind = 'media', marketing_costs.cost_usd, 0) as spend_usd
    from {{ ref('fct_marketing_costs') }} as marketing_costs
    left join main on marketing_costs.canonical_name = main.canonical_name
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
        cast(coalesce(sum(cost_usd), 0) as decimal(18, 2)) as cost_usd,
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
