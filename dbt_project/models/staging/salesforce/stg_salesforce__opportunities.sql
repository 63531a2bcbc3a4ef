with

source as (

    select * from {{ source("salesforce", "opportunities") }}

),

renamed as (

    select
        ---------- ids
        {{ text("Id") }} as salesforce_opportunity_id,
        {{ text("AccountId") }} as salesforce_account_id,
        {{ text("CampaignId") }} as salesforce_campaign_id,
        {{ text("ContactId") }} as salesforce_contact_id,
        {{ text("Original_Opportunity__c") }} as original_opportunity_id,
        {{ text("OwnerId") }} as owner_id,

        ---------- text
        {{ text("Name") }} as opportunity_name,
        {{ text("StageName") }} as stage,  -- noqa: RF04
        {{ text("Type") }} as opportunity_type,
        {{ text("LeadSource") }} as lead_source,

        ---------- numerics
        upper({{ text("CurrencyIsoCode") }}) as currency,
        {{ as_number("Amount", "decimal(18, 2)") }} as amount_local,
        {{ as_number("Probability", "double") }} as probability,

        ---------- booleans
        {{ as_boolean("IsClosed") }} as is_closed,
        {{ as_boolean("IsWon") }} as is_won,
        {{ as_boolean("IsDeleted") }} as is_deleted,

        ---------- times
        {{ as_date("CloseDate") }} as close_date,
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
    {{ latest_by_key("salesforce_opportunity_id", "updated_at") }}

)

select * from latest
