with

opportunities as (
    select
        *,
        coalesce(currency, '{{ var("corporate_currency", "USD") }}') as deal_currency,
        coalesce(opportunity_type, '') = 'Refund' as is_refund,
        coalesce(is_won, false) and coalesce(is_closed, true) as has_won,
        cast(amount_local as decimal(18, 2)) as amount
    from {{ ref('stg_salesforce__opportunities') }}
    where not coalesce(is_deleted, false)
),

types as (
    select *
    from {{ ref('conversion_types') }}
),

events as (
    select
        'opportunity_created' as conversion_type,
        salesforce_opportunity_id,
        'salesforce.created_at' as dated_by,
        created_at as known_at,
        cast(created_at as date) as known_date,
        cast(0 as decimal(18, 2)) as revenue_local,
        amount as pipeline_local
    from opportunities
    where not is_refund
    union all by name
    select
        case when is_refund then 'refund' else 'closed_won' end as conversion_type,
        salesforce_opportunity_id,
        'salesforce.close_date' as dated_by,
        cast(null as timestamp) as known_at,
        close_date as known_date,
        case when is_refund then -abs(amount) else amount end as revenue_local,
        cast(0 as decimal(18, 2)) as pipeline_local
    from opportunities
    where is_refund or has_won
),

conversions as (
    select  -- noqa: ST06
        ---------- ids
        events.conversion_type || ':' || events.salesforce_opportunity_id as conversion_id,
        events.conversion_type,
        events.salesforce_opportunity_id,
        opportunities.salesforce_account_id,
        opportunities.salesforce_contact_id,
        opportunities.original_opportunity_id,
        ---------- money
        events.revenue_local,
        events.pipeline_local,
        opportunities.deal_currency as currency,
        ---------- timestamps
        events.dated_by,
        coalesce(
            events.known_at,
            cast(events.known_date as timestamp) + to_seconds(types.time_of_day_seconds)
        ) as converted_at,
        opportunities.created_at as opportunity_created_at
    from events
    inner join opportunities
        on
            events.salesforce_opportunity_id = opportunities.salesforce_opportunity_id
    inner join types on events.conversion_type = types.conversion_type
),

dated_conversions as (
    select *
    from conversions
    where converted_at is not null
)

select * from dated_conversions
