with

source as (

    select * from {{ source("hubspot", "form_submissions") }}

),

renamed as (

    select
        ---------- ids
        {{ text("conversion_id") }} as hubspot_form_submission_id,
        {{ text("form_id") }} as form_id,
        {{ text("hutk") }} as anonymous_id,

        ---------- person
        {{ text("_normal_email") }} as email,
        {{ text("first_name") }} as first_name,
        {{ text("last_name") }} as last_name,
        {{ text("_normal_phone") }} as phone,

        ---------- text
        {{ text("page_url") }} as page_url,
        {{ text("page_title") }} as page_title,

        ---------- timestamps
        {{ epoch_ms_utc("submitted_at") }} as submitted_at,

        ---------- lineage
        _file,
        _line,
        _load_id
    from source

),

latest as (

    select renamed.* from renamed
    {{ latest_by_key("hubspot_form_submission_id") }}

)

select * from latest
