with

source as (

    select * from {{ source("webinars", "zoom_attendees") }}

),

renamed as (

    select
        ---------- ids
        replace({{ text("Webinar ID") }}, ' ', '') as zoom_webinar_id,
        replace({{ text("Topic") }}, '""', '"') as webinar_topic,

        ---------- person
        coalesce({{ text("_normal_Email") }}, lower({{ text("Email") }})) as email,
        {{ text("First Name") }} as first_name,
        {{ text("Last Name") }} as last_name,
        {{ text("_normal_Phone") }} as phone,
        nullif({{ text("Country/Region Name") }}, '--') as country,

        ---------- text
        {{ text("Source Name") }} as registration_source,
        nullif(lower({{ text("Approval Status") }}), '--') as approval_status,

        ---------- attendance
        {{ as_yes_no("Attended") }} as has_attended,
        {{ as_plain_number("Time in Session (minutes)", 0, "bigint") }} as minutes_attended,

        ---------- timestamps
        {{ zoom_time("Actual Start Time") }} as webinar_started_at,
        {{ zoom_time("Registration Time") }} as registered_at,
        {{ zoom_time("Join Time") }} as joined_at,
        {{ zoom_time("Leave Time") }} as left_at,

        ---------- lineage
        _file,
        _line,
        _load_id
    from source

),

keyed as (

    select
        {{ key_of(["zoom_webinar_id", "webinar_started_at", "email", "joined_at"]) }}
            as zoom_attendance_id,
        *
    from renamed

),

-- A later report of a session is whole: who was absent in an earlier one may have come after all.
latest_report as (

    select keyed.* from keyed
    {{ latest_file_by_key("zoom_webinar_id, webinar_started_at") }}

),

latest as (

    select latest_report.* from latest_report
    {{ latest_by_key("zoom_attendance_id") }}

)

select * from latest
