with

source as (

    select * from {{ source("hubspot", "contacts_api") }}

),

renamed as (

    select
        ---------- ids
        {{ text("id") }} as hubspot_contact_id,

        ---------- person
        {{ text("first_name") }} as first_name,
        {{ text("last_name") }} as last_name,
        {{ text("_normal_email") }} as email,
        string_split({{ text("_normal_additional_emails") }}, ';') as additional_emails,
        {{ text("_normal_phone") }} as phone,
        {{ text("company") }} as company_name,
        {{ text("country") }} as country,

        ---------- text
        {{ lifecycle_stage("lifecycle_stage") }} as lifecycle_stage,
        {{ text("lead_status") }} as lead_status,
        {{ text("original_source") }} as original_source,
        {{ text("original_source_data_1") }} as original_source_detail_1,
        {{ text("original_source_data_2") }} as original_source_detail_2,
        {{ record_ids("merged_object_ids") }} as merged_contact_ids,

        ---------- booleans
        {{ as_boolean("email_optout") }} as has_opted_out_of_email,
        {{ as_boolean("archived") }} as is_archived,

        ---------- times: a property is ISO 8601 or, in older answers, epoch milliseconds
        {{ epoch_ms_or_utc("first_seen") }} as first_seen_at,
        {{ utc("created_at") }} as created_at,
        {{ utc("updated_at") }} as updated_at,

        ---------- lineage
        _file,
        _line,
        _load_id
    from source

),

latest as (

    select renamed.* from renamed
    {{ latest_by_key("hubspot_contact_id", "updated_at") }}

)

select * from latest
