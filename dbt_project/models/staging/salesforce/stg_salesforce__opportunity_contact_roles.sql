with

source as (

    select * from {{ source("salesforce", "opportunity_contact_roles") }}

),

renamed as (

    select
        ---------- ids
        {{ text("Id") }} as salesforce_opportunity_contact_role_id,
        {{ text("OpportunityId") }} as salesforce_opportunity_id,
        {{ text("ContactId") }} as salesforce_contact_id,

        ---------- text
        {{ text("Role") }} as role,  -- noqa: RF04

        ---------- booleans
        {{ as_boolean("IsPrimary") }} as is_primary,
        {{ as_boolean("IsDeleted") }} as is_deleted,

        ---------- times
        {{ utc("CreatedDate") }} as created_at,
        {{ utc("SystemModstamp") }} as updated_at,

        ---------- lineage
        _file,
        _line,
        _load_id
    from source

),

latest as (

    select renamed.* from renamed
    {{ latest_by_key("salesforce_opportunity_contact_role_id", "updated_at") }}

)

select * from latest
