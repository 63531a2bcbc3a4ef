with

costs as (
    select *
    from {{ ref('stg_costs__costs') }}
),

categories as (
    select *
    from {{ ref('cost_categories') }}
),

campaign_names as (
    select *
    from {{ ref('int_campaigns__names') }}
),

campaigns as (
    select *
    from {{ ref('int_campaigns__main') }}
),

entries as (
    select
        ---------- ids
        costs.cost_id,
        campaigns.campaign_id,
        ---------- text
        coalesce(campaign_names.canonical_name, trim(costs.campaign_name)) as canonical_name,
        categories.category,
        coalesce(campaigns.channel, categories.channel, '(no channel)') as channel,
        coalesce(costs.currency, '{{ var("corporate_currency", "USD") }}') as currency,
        case
            when costs.cost_date is null then 'it has no day that can be read'
            when costs.cost_local is null then 'it has no amount that can be read'
        end as left_out,
        ---------- numerics
        costs.cost_local,
        ---------- dates
        costs.cost_date
    from costs
    left join categories on coalesce(costs.category, '(no category)') = categories.category
    left join campaign_names on trim(costs.campaign_name) = campaign_names.campaign_name
    left join campaigns on campaign_names.canonical_name = campaigns.canonical_name
)

select * from entries
