with

opportunities as (
    select
        *,
        coalesce(is_closed, false) and not coalesce(is_won, false) as is_lost
    from {{ ref('stg_salesforce__opportunities') }}
    where not coalesce(is_deleted, false) and coalesce(opportunity_type, '') != 'Refund'
),

conversions as (
    select *
    from {{ ref('fct_conversions') }}
),

channels as (
    select *
    from {{ ref('channels') }}
),

-- A touch made without consent says nothing of its channel, so it is of no marketing channel.
sourced as (
    select
        firsts.conversion_id,
        channels.is_marketing
    from {{ ref('fct_attributed_conversions') }} as firsts
    inner join channels on firsts.channel = channels.channel
    where firsts.model = 'first_touch'
),

influenced as (
    select
        touches.conversion_id,
        bool_or(channels.is_marketing) as is_marketing
    from {{ ref('conversion_touches') }} as touches
    inner join channels on touches.channel = channels.channel
    group by all
),

joined as (
    select  -- noqa: ST06
        ---------- ids
        opportunities.salesforce_opportunity_id,
        ---------- booleans
        won.conversion_id is not null as is_won,
        opportunities.is_lost,
        coalesce(sourced.is_marketing, false) as is_marketing_sourced,
        coalesce(influenced.is_marketing, false) as is_marketing_influenced,
        ---------- money
        created.pipeline_usd,
        won.revenue_usd,
        ---------- dates
        cast(created.converted_at as date) as created_date,
        opportunities.close_date
    from opportunities
    left join conversions as created
        on 'opportunity_created:' || opportunities.salesforce_opportunity_id = created.conversion_id
    left join conversions as won
        on 'closed_won:' || opportunities.salesforce_opportunity_id = won.conversion_id
    left join sourced on created.conversion_id = sourced.conversion_id
    left join influenced on created.conversion_id = influenced.conversion_id
),

closed as (
    select
        * exclude (close_date),
        case when is_won or is_lost then close_date end as closed_date,
        case when is_won and close_date >= created_date then close_date - created_date end
            as cycle_days
    from joined
)

select * from closed
