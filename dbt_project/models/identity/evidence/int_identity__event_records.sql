with

form_submissions as (

    select * from {{ ref('stg_hubspot__form_submissions') }}

),

identifies as (

    select * from {{ ref('stg_web_events__identifies') }}

),

visitors as (

    select * from {{ ref('int_identity__visitors') }}

),

signed_in_devices as (

    select * from {{ ref('int_identity__signed_in_devices') }}

),

event_records as (

    select
        'hubspot' as source,
        'form_submission' as record_type,
        hubspot_form_submission_id as record_id,
        first_name,
        last_name,
        submitted_at as observed_at,
        _file,
        _line,
        _load_id
    from form_submissions
    union all
    select
        'web_events' as source,
        'identify' as record_type,
        web_event_id as record_id,
        first_name,
        last_name,
        occurred_at as observed_at,
        _file,
        _line,
        _load_id
    from identifies
    union all
    select
        'web_events' as source,
        'visitor' as record_type,
        anonymous_id as record_id,
        null as first_name,
        null as last_name,
        observed_at,
        _file,
        _line,
        _load_id
    from visitors
    union all
    select
        'web_events' as source,
        'signed_in_device' as record_type,
        record_id,
        null as first_name,
        null as last_name,
        observed_at,
        _file,
        _line,
        _load_id
    from signed_in_devices

)

select * from event_records
