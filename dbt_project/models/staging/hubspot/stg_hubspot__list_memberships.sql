with

source as (

    select * from {{ source("hubspot", "list_memberships") }}

),

-- Within one export the last line of a record is all its memberships.
last_lines as (

    select source.* from source
    {{ latest_by_key("object_type_id, record_id, _snapshot_place") }}

),

memberships as (

    select
        *,
        {{ json_items("memberships", ["listId", "firstAddedTimestamp", "lastAddedTimestamp"]) }}
            as item
    from last_lines

),

renamed as (

    select
        ---------- ids
        item['listId'] as hubspot_list_id,
        {{ text("object_type_id") }} as object_type_id,
        {{ text("record_id") }} as hubspot_record_id,

        ---------- times
        {{ item_utc("memberships", "firstAddedTimestamp") }} as first_added_at,
        {{ item_utc("memberships", "lastAddedTimestamp") }} as last_added_at,

        ---------- lineage
        _file,
        _line,
        _load_id
    from memberships

),

-- The snapshot decides, not when a record was added: it may have left a list and joined again.
latest as (

    select
        renamed.*,
        {{ snapshot_columns() }}
    from renamed
    {{ latest_by_key("hubspot_list_id, object_type_id, hubspot_record_id") }}

)

select * from latest
