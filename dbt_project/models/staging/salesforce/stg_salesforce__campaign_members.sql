with

source as (

    select * from {{ source("salesforce", "campaign_members") }}

),

renamed as (

    select
        ---------- ids
        {{ text("Id") }} as salesforce_campaign_member_id,
        {{ text("CampaignId") }} as salesforce_campaign_id,
        {{ text("LeadId") }} as salesforce_lead_id,
        {{ text("ContactId") }} as salesforce_contact_id,

        ---------- text
        {{ text("Status") }} as status,

        ---------- booleans
        {{ as_boolean("HasResponded") }} as has_responded,
        {{ as_boolean("IsDeleted") }} as is_deleted,

        ---------- times
        {{ as_date("FirstRespondedDate") }} as first_responded_date,
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
    {{ latest_by_key("salesforce_campaign_member_id", "updated_at") }}

)

select * from latest
