with

source as (

    select * from {{ source("web_events", "events") }}
    where lower(type) = 'identify'

),

renamed as (

    select
        ---------- ids
        {{ text("message_id") }} as web_event_id,
        {{ text("anonymous_id") }} as anonymous_id,
        {{ text("user_id") }} as user_id,

        ---------- person
        {{ text("_normal_email") }} as email,
        {{ text("_normal_phone") }} as phone,
        {{ text("first_name") }} as first_name,
        {{ text("last_name") }} as last_name,
        {{ text("loyalty_id") }} as loyalty_id,

        ---------- booleans
        {{ json_boolean("consent", "$.analytics") }}
            as has_analytics_consent,
        {{ json_boolean("consent", "$.advertising") }}
            as has_advertising_consent,

        ---------- timestamps
        {{ utc("timestamp") }} as occurred_at,
        {{ utc("received_at") }} as received_at,

        ---------- lineage
        _file,
        _line,
        _load_id
    from source

),

latest as (

    select renamed.* exclude (received_at) from renamed  -- noqa: RF02
    {{ latest_by_key("web_event_id", "received_at") }}

)

select * from latest
