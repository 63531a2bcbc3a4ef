with

steps as (
    select *
    from {{ ref('int_attribution__steps') }}
),

paths as (
    select *
    from {{ ref('int_attribution__paths') }}
),

positioned as (
    select
        conversion_id,
        conversion_type,
        channel,
        touch_number,
        case
            when touch_count = 1 then 'only'
            when touch_number = 1 then 'first'
            when touch_number = touch_count then 'last'
            else 'middle'
        end as position  -- noqa: RF04
    from steps
),

untouched as (
    select
        conversion_id,
        conversion_type,
        first_channel as channel,
        'none' as position  -- noqa: RF04
    from paths
    where touches = 0
),

unioned as (
    select * from positioned
    union all by name
    select * from untouched
),

counted as (
    select
        conversion_type,
        channel,
        position,
        count(touch_number) as touches,
        count(distinct conversion_id) as conversions
    from unioned
    group by conversion_type, channel, position
)

select * from counted
