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
        unnest(
            from_json(
                try_cast(memberships as json),
                '[{"listId": "VARCHAR", "firstAddedTimestamp": "VARCHAR",
                   "lastAddedTimestamp": "VARCHAR"}]'
            )
        ) as item
    from last_lines

),

renamed as (

    select
        ---------- ids
        item['listId'] as hubspot_list_id,
        {{ text("object_type_id") }} as object_type_id,
        {{ text("record_id") }} as hubspot_record_id,

        ---------- times
        try_cast(item['firstAddedTimestamp'] as timestamptz) at time zone 'UTC' as first_added_at,
        try_cast(item['lastAddedTimestamp'] as timestamptz) at time zone 'UTC' as last_added_at,

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
