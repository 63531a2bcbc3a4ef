with

forms as (
    select
        *,
        coalesce(anonymous_id, '') as visitor_id
    from {{ ref('stg_hubspot__form_submissions') }}
),

sessions as (
    select *
    from {{ ref('int_web__sessions') }}
),

rules as (
    select seconds as timeout_seconds
    from {{ ref('touch_rules') }}
    where rule = 'session_timeout'
),

submitters as (
    select
        record_id,
        person_id
    from {{ ref('person_records') }}
    where source = 'hubspot' and record_type = 'form_submission'
),

latest_sessions as (
    select
        sessions.*,
        forms.hubspot_form_submission_id
    from forms
    asof inner join sessions
        on forms.visitor_id = sessions.visitor_id and forms.submitted_at >= sessions.started_at
),

fills as (
    select
        'hubspot' as source,  -- noqa: RF04
        forms.hubspot_form_submission_id as source_record_id,
        'form_fill' as touch_type,
        submitters.person_id,
        forms.submitted_at as touched_at,
        {% for field in ["utm_source", "utm_medium", "utm_campaign", "utm_content", "utm_term"] -%}
            case
                when latest_sessions.session_id is null
                    then {{ query_value("forms.page_url", field) }}
                else latest_sessions.{{ field }}
            end as {{ field }},
        {% endfor -%}
        latest_sessions.click_id_type,
        latest_sessions.referrer_host,
        {{ path_without_query("forms.page_url") }} as landing_path,
        cast(null as varchar) as source_campaign_id,
        latest_sessions.has_analytics_consent
    from forms
    cross join rules
    left join latest_sessions
        on
            forms.hubspot_form_submission_id = latest_sessions.hubspot_form_submission_id
            and forms.submitted_at <= latest_sessions.ended_at + to_seconds(rules.timeout_seconds)
    left join submitters on forms.hubspot_form_submission_id = submitters.record_id
)

select * from fills
