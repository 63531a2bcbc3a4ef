with

pages as (

    select * from {{ ref('int_web__counted_pages') }}
    where user_id is not null and anonymous_id is not null

),

ga4_sign_ins as (

    select * from {{ ref('stg_web_events__ga4_sign_ins') }}

),

sightings as (

    select
        anonymous_id,
        user_id,
        occurred_at,
        _file,
        _line,
        _load_id
    from pages
    union all
    select
        anonymous_id,
        user_id,
        occurred_at,
        _file,
        _line,
        _load_id
    from ga4_sign_ins

),

-- What is seen while signed in says the same as an identify call; one record per device and user.
signed_in_devices as (

    select
        anonymous_id,
        user_id,
        json_array(anonymous_id, user_id)::varchar as record_id,
        min(occurred_at) as observed_at,
        arg_min(_file, (_load_id, _line)) as _file,
        arg_min(_line, (_load_id, _line)) as _line,
        min(_load_id) as _load_id
    from sightings
    group by all

)

select * from signed_in_devices
