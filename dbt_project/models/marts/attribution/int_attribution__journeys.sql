with

touches as (
    select *
    from {{ ref('int_attribution__eligible_touches') }}
),

milestones as (
    select *
    from {{ ref('int_attribution__milestones') }}
),

dated as (
    select
        touches.*,
        milestones.lead_created_at,
        milestones.opportunity_created_at,
        milestones.won_at
    from touches
    inner join milestones on touches.conversion_id = milestones.conversion_id
),

marked as (
    select
        conversion_id,
        touch_id,
        person_id,
        account_id,
        channel,
        campaign_id,
        touched_at,
        is_consented,
        cut_count,
        touch_count,
        touch_number,
        touch_number = 1 as is_first,
        touch_number = touch_count as is_last,
        touch_number = coalesce(
            max(touch_number) filter (where not is_direct) over journey, touch_count
        ) as is_last_non_direct,
        touch_number = max(touch_number) filter (where touched_at <= lead_created_at)
            over journey as is_lead_creation,
        touch_number = max(touch_number) filter (where touched_at <= opportunity_created_at)
            over journey as is_opportunity_creation,
        touch_number = max(touch_number) filter (where touched_at <= won_at)
            over journey as is_won,
        epoch_us(max(touched_at) over journey) - epoch_us(touched_at) as microseconds_to_last
    from dated
    window journey as (partition by conversion_id)
)

select * from marked
