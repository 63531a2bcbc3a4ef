with

touches as (
    select *
    from {{ ref('int_touches__deduplicated') }}
),

assigned as (
    select *
    from {{ ref('int_channels__assigned') }}
),

channels as (
    select *
    from {{ ref('channels') }}
),

types as (
    select *
    from {{ ref('touch_types') }}
    where touch_type = 'ad_click'
),

second_records as (
    select
        duplicate_of as touch_id,
        has_analytics_consent,
        1 as duplicate_count
    from touches
    where duplicate_of is not null
),

with_channels as (
    select
        touches.touch_id,
        touches.source,
        touches.source_record_id,
        touches.person_id,
        touches.utm_source,
        touches.utm_medium,
        touches.utm_campaign,
        touches.utm_content,
        touches.utm_term,
        touches.click_id_type,
        touches.referrer_host,
        touches.landing_path,
        touches.source_campaign_id,
        touches.touched_at,
        touches.program,
        touches.duplicate_of,
        assigned.channel,
        assigned.channel_rule,
        case
            when touches.touch_type = 'web_session' and channels.is_paid then 'ad_click'
            else touches.touch_type
        end as touch_type,
        case
            when touches.touch_type = 'web_session' and channels.is_paid
                then types.source_priority
            else touches.source_priority
        end as source_priority,
        coalesce(touches.has_analytics_consent, second_records.has_analytics_consent)
            as has_analytics_consent,
        1 + coalesce(second_records.duplicate_count, 0) as record_count
    from touches
    cross join types
    left join second_records on touches.touch_id = second_records.touch_id
    inner join assigned
        on
            touches.touch_type = assigned.touch_type
            and touches.utm_source is not distinct from assigned.utm_source
            and touches.utm_medium is not distinct from assigned.utm_medium
            and touches.program is not distinct from assigned.program
            and touches.campaign_type is not distinct from assigned.campaign_type
            and touches.referrer_host is not distinct from assigned.referrer_host
            and touches.click_id_type is not distinct from assigned.click_id_type
    inner join channels on assigned.channel = channels.channel
)

select * from with_channels
