with

touches as (
    select
        *,
        case
            when utm_source is null and utm_medium is null and utm_campaign is null
                then {{ key_of(["landing_path"]) }}
            else {{ key_of(["utm_source", "utm_medium", "utm_campaign"]) }}
        end as campaign_key
    from {{ ref('int_touches__labelled') }}
),

types as (
    select *
    from {{ ref('touch_types') }}
),

rules as (
    select seconds as click_seconds
    from {{ ref('touch_rules') }}
    where rule = 'click_session'
),

ordered as (
    select
        touches.*,
        types.source_priority
    from touches
    inner join types on touches.touch_type = types.touch_type
),

neighbours as (
    select
        touch_id,
        touch_type,
        touched_at,
        lag(touch_id) over click as previous_touch_id,
        lag(touch_type) over click as previous_touch_type,
        lag(touched_at) over click as previous_touched_at
    from ordered
    where person_id is not null and touch_type in ('email_click', 'web_session')
    window click as (
        partition by person_id, campaign_key order by touched_at, source_priority, touch_id
    )
),

opened_sessions as (
    select
        neighbours.touch_id,
        neighbours.previous_touch_id as duplicate_of
    from neighbours
    cross join rules
    where
        neighbours.touch_type = 'web_session'
        and neighbours.previous_touch_type = 'email_click'
        and neighbours.touched_at
        <= neighbours.previous_touched_at + to_seconds(rules.click_seconds)
),

duplicates as (
    select * from opened_sessions
    union all
    select * from {{ ref('int_touches__form_responses') }}
),

marked as (
    select
        ordered.touch_id,
        ordered.source,
        ordered.source_record_id,
        ordered.touch_type,
        ordered.person_id,
        ordered.utm_source,
        ordered.utm_medium,
        ordered.utm_campaign,
        ordered.utm_content,
        ordered.utm_term,
        ordered.click_id_type,
        ordered.referrer_host,
        ordered.landing_path,
        ordered.source_campaign_id,
        ordered.has_analytics_consent,
        ordered.touched_at,
        ordered.campaign_type,
        ordered.program,
        ordered.source_priority,
        duplicates.duplicate_of
    from ordered
    left join duplicates on ordered.touch_id = duplicates.touch_id
)

select * from marked
