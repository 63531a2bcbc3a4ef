with

source as (

    select * from {{ source("marketo", "leads") }}

),

renamed as (

    select
        ---------- ids
        {{ marketo_text("id") }} as marketo_lead_id,
        {{ marketo_text("sfdcLeadId") }} as salesforce_lead_id,
        {{ marketo_text("sfdcContactId") }} as salesforce_contact_id,

        ---------- person
        {{ marketo_text("firstName") }} as first_name,
        {{ marketo_text("lastName") }} as last_name,
        {{ text("_normal_email") }} as email,
        {{ text("_normal_phone") }} as phone,
        {{ text("_normal_mobilePhone") }} as mobile_phone,
        {{ marketo_text("title") }} as title,

        ---------- company
        {{ marketo_text("company") }} as company_name,
        {{ marketo_text("country") }} as country,
        {{ marketo_text("website") }} as website,
        {{ marketo_text("industry") }} as industry,

        ---------- text
        {{ marketo_text("leadSource") }} as lead_source,

        ---------- numerics
        {{ as_plain_number("leadScore", 0, "integer") }} as lead_score,

        ---------- booleans
        {{ as_boolean("unsubscribed") }} as is_unsubscribed,
        {{ as_boolean("emailInvalid") }} as is_email_invalid,

        ---------- times
        {{ marketo_utc("createdAt") }} as created_at,
        {{ marketo_utc("updatedAt") }} as updated_at,

        ---------- lineage
        _file,
        _line,
        _load_id
    from source

),

latest as (

    select renamed.* from renamed
    {{ latest_by_key("marketo_lead_id", "updated_at") }}

)

select * from latest
