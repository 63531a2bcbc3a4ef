with

source as (

    select * from {{ source("salesforce", "accounts") }}

),

renamed as (

    select
        ---------- ids
        {{ text("Id") }} as salesforce_account_id,
        {{ text("ParentId") }} as parent_account_id,
        {{ text("MasterRecordId") }} as master_record_id,
        {{ text("OwnerId") }} as owner_id,

        ---------- text
        {{ text("Name") }} as account_name,
        {{ text("Type") }} as account_type,
        {{ text("BillingStreet") }} as street,
        {{ text("BillingCity") }} as city,
        {{ text("BillingPostalCode") }} as postcode,
        {{ text("BillingCountry") }} as country,
        {{ text("Website") }} as website,
        {{ text("_normal_Phone") }} as phone,
        {{ text("Industry") }} as industry,

        ---------- numerics
        {{ as_number("AnnualRevenue", "double") }} as annual_revenue_local,
        {{ as_number("NumberOfEmployees", "integer") }} as employee_count,

        ---------- booleans
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
    {{ latest_by_key("salesforce_account_id", "updated_at") }}

)

select * from latest
