with

source as (

    select * from {{ source("suppression", "suppressions") }}

),

renamed as (

    select
        ---------- ids: an address without a normal form stays on the list as written
        coalesce({{ text("_normal_email") }}, lower({{ text("email") }})) as email,

        ---------- text
        lower({{ text("type") }}) as suppression_type,
        {{ text("source") }} as suppression_source,

        ---------- timestamps
        {{ utc("occurred_at") }} as occurred_at,

        ---------- lineage
        _file,
        _line,
        _load_id
    from source

),

latest as (

    select renamed.* from renamed
    {{ latest_by_key("email, suppression_type", "occurred_at") }}

)

select * from latest
