with

conversions as (
    select *
    from {{ ref('fct_conversions') }}
    where credit_conversion_id = conversion_id and conversion_type != 'refund'
),

touches as (
    select *
    from {{ ref('int_attribution__eligible_touches') }}
),

converted_journeys as (
    select
        conversions.conversion_type,
        list(
            if(touches.is_consented, touches.channel, '(consent withheld)')
            order by touches.touch_number
        ) as channel_path,
        1 as converted,
        0 as lost
    from conversions
    inner join touches on conversions.conversion_id = touches.conversion_id
    group by conversions.conversion_id, conversions.conversion_type
),

lost_journeys as (
    select
        conversion_type,
        channel_path,
        0 as converted,
        1 as lost
    from {{ ref('int_attribution__lost_journeys') }}
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
