with

sessions as (
    select *
    from {{ ref('int_web__sessions') }}
),

identifiers as (
    select *
    from {{ ref('identifiers') }}
    where id_type = 'email'
),

from_sessions as (
    select
        'web_events' as source,  -- noqa: RF04
        web_event_id as source_record_id,
        'web_session' as touch_type,
        person_id,
        started_at as touched_at,
        utm_source,
        utm_medium,
        utm_campaign,
        utm_content,
        utm_term,
        click_id_type,
        referrer_host,
        landing_path,
        cast(null as varchar) as source_campaign_id,
        has_analytics_consent
    from sessions
),

from_clicks as (
    select
        'hubspot' as source,  -- noqa: RF04
        clicks.hubspot_email_event_id as source_record_id,
        'email_click' as touch_type,
        identifiers.person_id,
        clicks.occurred_at as touched_at,
        clicks.utm_source,
        clicks.utm_medium,
        clicks.utm_campaign,
        clicks.utm_content,
        clicks.utm_term,
        cast(null as varchar) as click_id_type,
        cast(null as varchar) as referrer_host,
        {{ path_without_query('clicks.url') }} as landing_path,
        clicks.email_campaign_id as source_campaign_id,
        cast(null as boolean) as has_analytics_consent
    from {{ ref('stg_hubspot__email_events') }} as clicks
    left join identifiers on clicks.email = identifiers.id_value
    where clicks.event_type = 'click'
),

unioned as (
    select * from from_sessions
    union all by name
    select * from from_clicks
    union all by name
    select * from {{ ref('int_touches__form_fills') }}
    union all by name
    select * from {{ ref('int_touches__campaign_responses') }}
),

keyed as (
    select
        't_' || left({{ key_of([
            "source", "touch_type", "source_record_id",
            "case when touch_type = 'email_click' then touched_at end",
        ]) }}, 16) as touch_id,
        source,
        source_record_id,
        touch_type,
        person_id,
        utm_source,
        utm_medium,
        utm_campaign,
        utm_content,
        utm_term,
        click_id_type,
        referrer_host,
        landing_path,
        source_campaign_id,
        has_analytics_consent,
        touched_at
    from unioned
    where isfinite(touched_at) and year(touched_at) between 2000 and 2099
)

select * from keyed
