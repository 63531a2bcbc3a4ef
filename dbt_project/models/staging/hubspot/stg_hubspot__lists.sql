with

source as (

    select * from {{ source("hubspot", "lists") }}

),

renamed as (

    select
        ---------- ids
        {{ text("list_id") }} as hubspot_list_id,
        {{ text("object_type_id") }} as object_type_id,

        ---------- text
        {{ text("name") }} as list_name,
        lower({{ text("processing_type") }}) as processing_type,
        lower({{ text("processing_status") }}) as processing_status,

        ---------- numerics
        {{ as_plain_number("list_size", 0, "integer") }} as member_count,

        ---------- times
        {{ utc("created_at") }} as created_at,
        {{ utc("updated_at") }} as updated_at,
        {{ utc("deleted_at") }} as deleted_at,

        ---------- lineage
        _file,
        _line,
        _load_id
    from source

),

latest as (

    select renamed.* from renamed
    {{ latest_by_key("hubspot_list_id", "updated_at") }}

)

select * from latest
