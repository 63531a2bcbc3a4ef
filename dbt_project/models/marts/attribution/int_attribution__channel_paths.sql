with

conversions as (
    select *
    from {{ ref('fct_conversions') }}
    where credit_conversion_id = conversion_id and conversion_type != 'refund'
),

decided as (
    select *
    from {{ ref('int_attribution__decision_days') }}
),

touches as (
    select *
    from {{ ref('int_attribution__eligible_touches') }}
),

causes as (
    select touches.*
    from touches
    inner join conversions on touches.conversion_id = conversions.conversion_id
    left join decided on touches.conversion_id = decided.conversion_id
    where
        touches.touched_at
        <= conversions.converted_at - to_days(coalesce(decided.decision_days, 0))
),

converted_journeys as (
    select
        conversions.conversion_type,
        coalesce(
            list(
                if(causes.is_consented, causes.channel, '(consent withheld)')
                order by causes.touch_number
            ) filter (where causes.touch_id is not null),
            cast([] as varchar[])
        ) as channel_path,
        1 as converted,
        0 as lost
    from conversions
    left join causes on conversions.conversion_id = causes.conversion_id
    group by conversions.conversion_id, conversions.conversion_type
),

lost_journeys as (
    select
        conversion_type,
        channel_path,
        0 as converted,
        1 as lost
    from {{ ref('int_attribution__lost_journeys') }}
    union all
    select
        'closed_won' as conversion_type,
        channel_path,
        0 as converted,
        1 as lost
    from {{ ref('int_attribution__lost_deals') }}
),

journeys as (
    select * from converted_journeys
    union all
    select * from lost_journeys
),

paths as (
    select
        conversion_type,
        channel_path,
        cast(sum(converted) as bigint) as converted,
        cast(sum(lost) as bigint) as lost
    from journeys
    group by conversion_type, channel_path
)

select * from paths
