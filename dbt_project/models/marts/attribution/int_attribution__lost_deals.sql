with

opportunities as (
    select *
    from {{ ref('stg_salesforce__opportunities') }}
    where
        is_closed
        and not coalesce(is_won, false)
        and not coalesce(is_deleted, false)
        and coalesce(opportunity_type, '') <> 'Refund'
),

types as (
    select *
    from {{ ref('conversion_types') }}
    where conversion_type = 'closed_won'
),

people as (
    select *
    from {{ ref('int_attribution__people') }}
),

touches as (
    select *
    from {{ ref('fct_touches') }}
),

lost as (
    select
        opportunities.salesforce_opportunity_id,
        'opportunity_created:' || opportunities.salesforce_opportunity_id as conversion_id,
        cast(opportunities.close_date as timestamp) + to_seconds(types.time_of_day_seconds)
            as lost_at,
        lost_at - to_seconds(types.lookback_seconds) as reaches_back_to
    from opportunities
    cross join types
),

journeys as (
    select
        lost.salesforce_opportunity_id,
        list(
            if(touches.is_consented, touches.channel, '(consent withheld)')
            order by touches.touched_at asc, touches.source_priority asc, touches.touch_id asc
        ) as channel_path
    from lost
    inner join people on lost.conversion_id = people.conversion_id
    inner join touches
        on
            people.person_id = touches.person_id
            and touches.touched_at between lost.reaches_back_to and lost.lost_at
    group by lost.salesforce_opportunity_id
)

select * from journeys
