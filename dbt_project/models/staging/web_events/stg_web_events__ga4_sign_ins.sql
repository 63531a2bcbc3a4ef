with

source as (

    select * from {{ source("web_events", "ga4_events") }}
    where nullif(trim(user_id), '') is not null and nullif(trim(user_pseudo_id), '') is not null

),

renamed as (

    select
        ---------- ids
        {{ text("user_pseudo_id") }} as anonymous_id,
        {{ text("user_id") }} as user_id,

        ---------- timestamps
        {{ epoch_us_utc("event_timestamp") }} as occurred_at,

        ---------- lineage
        _file,
        _line,
        _load_id
    from source

),

-- Every event of a signed-in browser says the same: the first one is kept.
earliest as (

    select * from renamed
    qualify row_number() over (
        partition by anonymous_id, user_id order by occurred_at nulls last, _load_id, _line
    ) = 1

)

select * from earliest
