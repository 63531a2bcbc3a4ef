with

touches as (
    select *
    from {{ ref('int_touches__channels') }}
    where duplicate_of is null
),

consents as (
    select *
    from {{ ref('int_touches__consents') }}
),

people as (
    select *
    from {{ ref('dim_people') }}
),

campaigns as (
    select *
    from {{ ref('dim_campaigns') }}
),

joined as (
    select
        ---------- ids
        touches.touch_id,
        touches.person_id,
        people.account_id,
        campaigns.campaign_id,
        touches.source,
        touches.source_record_id,
        ---------- what it was
        touches.touch_type,
        touches.channel,
        touches.channel_rule,
        touches.utm_source,
        touches.utm_medium,
        touches.utm_campaign,
        touches.utm_content,
        touches.utm_term,
        touches.landing_path,
        touches.click_id_type,
        ---------- numerics, booleans, timestamps
        touches.source_priority,
        touches.record_count,
        consents.is_consented,
        touches.touched_at
    from touches
    inner join consents on touches.touch_id = consents.touch_id
    left join people on touches.person_id = people.person_id
    left join campaigns
        on
            campaigns.campaign_source = case
                when touches.source_campaign_id is null then 'utm'
                else touches.source
            end
            and campaigns.source_campaign_id
            = coalesce(touches.source_campaign_id, touches.utm_campaign)
)

select * from joined
