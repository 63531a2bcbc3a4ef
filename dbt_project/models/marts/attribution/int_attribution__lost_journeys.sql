with

conversions as (
    select *
    from {{ ref('fct_conversions') }}
    where credit_conversion_id = conversion_id and conversion_type != 'refund'
),

types as (
    select *
    from {{ ref('conversion_types') }}
    where
        conversion_type in (select conversions.conversion_type from conversions)
        and conversion_type != 'closed_won'
),

people as (
    select *
    from {{ ref('int_attribution__people') }}
),

touches as (
    select
        *,
        max(touched_at) over (partition by person_id) as last_touched_at
    from {{ ref('fct_touches') }}
    where person_id is not null
),

converted_people as (
    select distinct
        conversions.conversion_type,
        people.person_id
    from people
    inner join conversions on people.conversion_id = conversions.conversion_id
),

journeys as (
    select
        types.conversion_type,
        touches.person_id,
        list(
            if(touches.is_consented, touches.channel, '(consent withheld)')
            order by touches.touched_at asc, touches.source_priority asc, touches.touch_id asc
        ) as channel_path
    from touches
    inner join types
        on touches.touched_at >= touches.last_touched_at - to_seconds(types.lookback_seconds)
    anti join converted_people
        on
            touches.person_id = converted_people.person_id
            and types.conversion_type = converted_people.conversion_type
    group by types.conversion_type, touches.person_id
)

select * from journeys
