with

pages as (

    select * from {{ ref('stg_web_events__pages') }}
    where user_id is not null and anonymous_id is not null

),

-- Pages seen while signed in say the same as an identify call; one record per device and user.
signed_in_devices as (

    select
        anonymous_id,
        user_id,
        json_array(anonymous_id, user_id)::varchar as record_id,
        min(occurred_at) as observed_at,
        arg_min(_file, (_load_id, _line)) as _file,
        arg_min(_line, (_load_id, _line)) as _line,
        min(_load_id) as _load_id
    from pages
    group by all

)

select * from signed_in_devices
