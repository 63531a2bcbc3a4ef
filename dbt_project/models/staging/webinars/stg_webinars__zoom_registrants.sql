with

source as (

    select * from {{ source("webinars", "zoom_registrants") }}

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

        ---------- text
        {{ text("Source Name") }} as registration_source,
        nullif(lower({{ text("Approval Status") }}), '--') as approval_status,
        nullif({{ text("Attendance Type") }}, '--') as attendance_type,

        ---------- timestamps
        {{ zoom_time("Scheduled Time") }} as webinar_scheduled_at,
        {{ zoom_time("Registration Time") }} as registered_at,

        ---------- lineage
        _file,
        _line,
        _load_id
    from source

),

keyed as (

    select
        {{ key_of(["zoom_webinar_id", "email"]) }} as zoom_registration_id,
        *
    from renamed

),

latest as (

    select keyed.* from keyed
    {{ latest_by_key("zoom_registration_id") }}

)

select * from latest
