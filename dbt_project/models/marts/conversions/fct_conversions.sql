with

opportunities as (
    select *
    from {{ ref('int_conversions__opportunities') }}
),

main_people as (
    select *
    from {{ ref('int_conversions__people') }}
    where is_main
),

sales as (
    select conversion_id as sale_id
    from opportunities
    where conversion_type = 'closed_won'
),

people as (
    select *
    from {{ ref('dim_people') }}
),

accounts as (
    select *
    from {{ ref('dim_accounts') }}
    where salesforce_account_id is not null
),

rates as (
    select *
    from {{ ref('int_rates__periods') }}
),

opportunity_events as (
    select
        opportunities.*,
        main_people.person_id,
        coalesce(sales.sale_id, opportunities.conversion_id) as credit_conversion_id
    from opportunities
    left join main_people on opportunities.conversion_id = main_people.conversion_id
    left join sales
        on
            opportunities.conversion_type = 'refund'
            and sales.sale_id = 'closed_won:' || opportunities.original_opportunity_id
),

events as (
    select *
    from opportunity_events
    union all by name
    select *
    from {{ ref('int_conversions__leads') }}
    union all by name
    select *
    from {{ ref('int_conversions__mqls') }}
),

-- A deal without an amount that can be read has no value, which is not the value nought.
valued as (
    select
        * replace (
            coalesce(credit_conversion_id, conversion_id) as credit_conversion_id,
            if(salesforce_opportunity_id is null, 0, revenue_local) as revenue_local,
            if(salesforce_opportunity_id is null, 0, pipeline_local) as pipeline_local,
            coalesce(currency, '{{ var("corporate_currency", "USD") }}') as currency
        )
    from events
),

conversions as (
    select  -- noqa: ST06
        ---------- ids
        valued.conversion_id,
        valued.conversion_type,
        valued.person_id,
        coalesce(accounts.account_id, people.account_id) as account_id,
        valued.salesforce_opportunity_id,
        valued.credit_conversion_id,
        ---------- money
        cast(valued.revenue_local as decimal(18, 2)) as revenue_local,
        valued.currency,
        cast(valued.revenue_local * rates.usd_rate as decimal(18, 2)) as revenue_usd,
        cast(valued.pipeline_local as decimal(18, 2)) as pipeline_local,
        cast(valued.pipeline_local * rates.usd_rate as decimal(18, 2)) as pipeline_usd,
        ---------- timestamps
        valued.dated_by,
        valued.converted_at
    from valued
    left join people on valued.person_id = people.person_id
    left join accounts on valued.salesforce_account_id = accounts.salesforce_account_id
    left join rates
        on
            valued.currency = rates.currency
            and valued.converted_at >= rates.valid_from
            and valued.converted_at < rates.valid_until
)

select * from conversions
