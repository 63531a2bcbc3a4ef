with

source as (

    select * from {{ source("salesforce", "contacts") }}

),

renamed as (

    select
        ---------- ids
        {{ text("Id") }} as salesforce_contact_id,
        {{ text("AccountId") }} as salesforce_account_id,
        {{ text("MasterRecordId") }} as master_record_id,
        {{ text("OwnerId") }} as owner_id,

        ---------- person
        {{ text("FirstName") }} as first_name,
        {{ text("LastName") }} as last_name,
        {{ text("_normal_Email") }} as email,
        {{ text("_normal_Phone") }} as phone,
        {{ text("_normal_MobilePhone") }} as mobile_phone,
        {{ text("Title") }} as title,
        {{ text("Department") }} as department,
        {{ text("MailingStreet") }} as street,
        {{ text("MailingCity") }} as city,
        {{ text("MailingPostalCode") }} as postcode,
        {{ text("MailingCountry") }} as country,

        ---------- text
        {{ text("LeadSource") }} as lead_source,

        ---------- booleans
        {{ as_boolean("IsDeleted") }} as is_deleted,
        {{ as_boolean("HasOptedOutOfEmail") }} as has_opted_out_of_email,

        ---------- times
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
    {{ latest_by_key("salesforce_contact_id", "updated_at") }}

)

select * from latest
