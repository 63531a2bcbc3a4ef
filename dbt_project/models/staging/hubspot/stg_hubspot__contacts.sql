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
        {{ text("Country/Region") }} as country,
        {{ text("Loyalty ID") }} as loyalty_id,

        ---------- text
        trim(regexp_replace(lower({{ text("Lifecycle Stage") }}), '[^a-z0-9]+', '_', 'g'), '_')
            as lifecycle_stage,
        {{ text("Lead Status") }} as lead_status,
        {{ text("Original Source") }} as original_source,
        list_filter(
            list_transform(
                string_split({{ text("Merged record IDs") }}, ';'),
                lambda record_id: trim(record_id)
            ),
            lambda record_id: record_id != ''
        ) as merged_contact_ids,

        ---------- times: written in the portal's zone. A time that daylight saving skips counts
        ---------- from the offset before the change (02:30 is 03:30), one that it repeats is the
        ---------- second (standard time).
        timezone(
            '{{ var("portal_time_zone", "America/New_York") }}',
            try_strptime({{ text("Create Date") }}, ['%Y-%m-%d %H:%M', '%Y-%m-%d %H:%M:%S'])
        ) at time zone 'UTC' as created_at,

        ---------- lineage
        _file,
        _line,
        _load_id
    from source

),

latest as (

    select * from renamed
    {{ latest_by_key("hubspot_contact_id") }}

)

select * from latest
