with

source as (

    select * from {{ source("salesforce", "leads") }}

),

renamed as (

    select
        ---------- ids
        {{ text("Id") }} as salesforce_lead_id,
        {{ text("MasterRecordId") }} as master_record_id,
        {{ text("ConvertedContactId") }} as converted_contact_id,
        {{ text("ConvertedAccountId") }} as converted_account_id,
        {{ text("ConvertedOpportunityId") }} as converted_opportunity_id,
        {{ text("OwnerId") }} as owner_id,

        ---------- person
        {{ text("FirstName") }} as first_name,
        {{ text("LastName") }} as last_name,
        {{ text("_normal_Email") }} as email,
        {{ text("_normal_Phone") }} as phone,
        {{ text("_normal_MobilePhone") }} as mobile_phone,
        {{ text("Title") }} as title,
        {{ text("Street") }} as street,
        {{ text("City") }} as city,
        {{ text("PostalCode") }} as postcode,

        ---------- company
        {{ text("Company") }} as company_name,
        {{ text("Country") }} as country,
        {{ text("Website") }} as website,
        {{ text("Industry") }} as industry,

        ---------- text
        {{ text("LeadSource") }} as lead_source,
        {{ text("Status") }} as status,

        ---------- booleans
        {{ as_boolean("IsDeleted") }} as is_deleted,
        {{ as_boolean("IsConverted") }} as is_converted,
        {{ as_boolean("HasOptedOutOfEmail") }} as has_opted_out_of_email,

        ---------- times
        {{ as_date("ConvertedDate") }} as converted_date,
        {{ utc("CreatedDate") }} as created_at,
        coalesce({{ utc("SystemModstamp") }}, {{ utc("LastModifiedDate") }}) as updated_at,

        ---------- lineage
        _file,
        _line,
        _load_id
    from source

),

latest as (

    select renamed.* from renamed
    {{ latest_by_key("salesforce_lead_id", "updated_at") }}

)

select * from latest
