with

source as (

    select * from {{ source("hubspot", "contacts") }}

),

renamed as (

    select
        ---------- ids
        {{ text("Record ID") }} as hubspot_contact_id,

        ---------- person
        {{ text("First Name") }} as first_name,
        {{ text("Last Name") }} as last_name,
        {{ text("_normal_Email") }} as email,
        string_split({{ text("_normal_Additional email addresses") }}, ';') as additional_emails,
        {{ text("_normal_Phone Number") }} as phone,
        {{ text("Company Name") }} as company_name,
        {{ text("Street Address") }} as street,
        {{ text("City") }} as city,
        {{ text("Postal Code") }} as postcode,
        {{ text("Country/Region") }} as country,
        {{ text("Loyalty ID") }} as loyalty_id,

        ---------- text
        {{ lifecycle_stage("Lifecycle Stage") }} as lifecycle_stage,
        {{ text("Lead Status") }} as lead_status,
        {{ text("Original Source") }} as original_source,
        {{ record_ids("Merged record IDs") }} as merged_contact_ids,

        ---------- times: written in the portal's zone
        {{ portal_utc("Create Date") }} as created_at,

        ---------- lineage
        _file,
        _line,
        _load_id
    from source

),

latest as (

    select
        renamed.*,
        {{ snapshot_columns() }}
    from renamed
    {{ latest_by_key("hubspot_contact_id") }}

)

select * from latest
