{{ config(materialized='view') }}

with

conversions as (
    select *
    from {{ ref('fct_conversions') }}
),

types as (
    select *
    from {{ ref('conversion_types') }}
),

people as (
    select *
    from {{ ref('int_attribution__people') }}
),

milestones as (
    select *
    from {{ ref('int_attribution__milestones') }}
),

touches as (
    select
        fct_touches.*,
        channels.is_direct
    from {{ ref('fct_touches') }} as fct_touches
    inner join {{ ref('channels') }} as channels on fct_touches.channel = channels.channel
),

-- Materialized, so that touches are looked up by person: by time alone, far more would match.
reached as materialized (
    select  -- noqa: ST06
        conversions.conversion_id,
        conversions.converted_at,
        conversions.converted_at - to_seconds(types.lookback_seconds) as reaches_back_to,
        milestones.lead_created_at,
        milestones.opportunity_created_at,
        milestones.won_at,
        types.max_touches,
        people.person_id
    from people
    inner join conversions on people.conversion_id = conversions.conversion_id
    inner join milestones on people.conversion_id = milestones.conversion_id
    inner join types on conversions.conversion_type = types.conversion_type
),

eligible as (
    select
        reached.conversion_id,
        reached.lead_created_at,
        reached.opportunity_created_at,
        reached.won_at,
        reached.max_touches,
        touches.touch_id,
        touches.person_id,
        touches.account_id,
        touches.channel,
        touches.campaign_id,
        touches.touched_at,
        touches.source_priority,
        touches.is_direct,
        touches.is_consented
    from reached
    inner join touches
        on
            reached.person_id = touches.person_id
            and touches.touched_at between reached.reaches_back_to and reached.converted_at
),

ordered as (
    select
        *,
        row_number() over (
            partition by conversion_id order by touched_at, source_priority, touch_id
        ) as full_number,
        count(*) over (partition by conversion_id) as full_count,
        max(touched_at) over (partition by conversion_id) as last_touched_at
    from eligible
),

capped as (
    select
        *,
        greatest(full_count - max_touches, 0) as cut_count
    from ordered
    where full_number = 1 or full_number > full_count - max_touches + 1
),

positioned as (
    select
        * exclude (source_priority, max_touches, full_number, full_count),
        full_count - cut_count as touch_count,
        case when full_number = 1 then 1 else full_number - cut_count end as touch_number
    from capped
)

select * from positioned
