with

source as (

    select * from {{ source("webinars", "on24_attendees") }}

),

renamed as (

    select
        ---------- ids
        {{ text("eventid") }} as on24_event_id,
        {{ text("eventuserid") }} as on24_attendee_id,

        ---------- person
        {{ text("_normal_email") }} as email,

        ---------- text
        lower({{ text("userstatus") }}) as attendee_status,
        {{ text("partnerref") }} as partner_reference,

        ---------- numerics
        {{ as_plain_number("liveminutes", 0, "bigint") }} as live_minutes,
        {{ as_plain_number("archiveminutes", 0, "bigint") }} as archive_minutes,
        {{ as_plain_number("engagementscore", 6, "double") }} as engagement_score,

        ---------- timestamps
        {{ utc("firstliveactivity") }} as first_live_at,
        {{ utc("lastliveactivity") }} as last_live_at,
        {{ utc("firstarchiveactivity") }} as first_archive_at,
        {{ utc("lastarchiveactivity") }} as last_archive_at,

        ---------- lineage
        _file,
        _line,
        _load_id
    from source

),

latest as (

    select renamed.* from renamed
    {{ latest_by_key("on24_event_id, on24_attendee_id") }}

)

select * from latest
