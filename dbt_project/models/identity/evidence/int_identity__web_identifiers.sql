with

identifies as (

    select * from {{ ref('stg_web_events__identifies') }}

),

visitors as (

    select * from {{ ref('int_identity__visitors') }}

),

signed_in_devices as (

    select * from {{ ref('int_identity__signed_in_devices') }}

),

visitor_values as (

    select
        'web_events' as source,
        'visitor' as record_type,
        anonymous_id as record_id,
        'anonymous_id' as id_type,
        anonymous_id as id_value,
        'own id' as rule,
        observed_at,
        _file,
        _line,
        _load_id
    from visitors

),

-- Each call is a record of its own: on a shared device the calls part, the visitor does not chain.
identify_values as (

    select
        'web_events' as source,
        'identify' as record_type,
        web_event_id as record_id,
        unnest(['anonymous_id', 'user_id', 'email', 'phone', 'loyalty_id']) as id_type,
        unnest([anonymous_id, user_id, email, phone, loyalty_id]) as id_value,
        'identify call' as rule,
        occurred_at as observed_at,
        _file,
        _line,
        _load_id
    from identifies

),

signed_in_values as (

    select
        'web_events' as source,
        'signed_in_device' as record_type,
        record_id,
        unnest(['anonymous_id', 'user_id']) as id_type,
        unnest([anonymous_id, user_id]) as id_value,
        unnest(['signed-in page', 'signed-in page']) as rule,
        observed_at,
        _file,
        _line,
        _load_id
    from signed_in_devices

),

unioned as (

    select * from visitor_values
    union all
    select * from identify_values
    union all
    select * from signed_in_values

)

select * from unioned
