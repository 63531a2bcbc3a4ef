with

source as (

    select * from {{ source("events", "badge_scans") }}

),

renamed as (

    select
        ---------- ids
        {{ text("Scan ID") }} as badge_scan_id,

        ---------- event
        {{ text("Event Name") }} as event_name,
        {{ text("Booth") }} as booth,

        ---------- person: a refusal of an address without a normal form is kept as written
        coalesce({{ text("_normal_Email") }}, lower({{ text("Email") }})) as email,
        {{ text("First Name") }} as first_name,
        {{ text("Last Name") }} as last_name,
        {{ text("Company") }} as company_name,
        {{ text("Job Title") }} as job_title,

        ---------- booleans
        {{ as_boolean("Marketing Consent") }} as has_marketing_consent,

        ---------- timestamps
        {{ utc_with_offset("Scanned At") }} as scanned_at,

        ---------- lineage
        _file,
        _line,
        _load_id
    from source

),

latest as (

    select renamed.* from renamed
    {{ latest_by_key("badge_scan_id") }}

)

select * from latest
