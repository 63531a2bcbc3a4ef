-- Fails if a step of a path is not what its journey says: another channel, a touch without consent
-- that is shown, or one with consent that is not. This exists because the places of withheld
-- touches are read from the numbers that conversion_touches leaves out.
with

steps as (
    select *
    from {{ ref('int_attribution__steps') }}
),

journeys as (
    select
        conversions.conversion_id,
        touches.touch_number,
        case when touches.is_consented then touches.channel else '(consent withheld)' end
            as channel,
        case when touches.is_consented then touches.touched_at end as touched_at
    from {{ ref('fct_conversions') }} as conversions
    inner join {{ ref('int_attribution__eligible_touches') }} as touches
        on
            conversions.credit_conversion_id = touches.conversion_id
)

select
    coalesce(steps.conversion_id, journeys.conversion_id) as conversion_id,
    coalesce(steps.touch_number, journeys.touch_number) as touch_number
from steps
full outer join journeys
    on
        steps.conversion_id = journeys.conversion_id
        and steps.touch_number = journeys.touch_number
where
    steps.channel is distinct from journeys.channel
    or steps.touched_at is distinct from journeys.touched_at
