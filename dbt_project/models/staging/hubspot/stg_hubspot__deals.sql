with

source as (

    select * from {{ source("hubspot", "deals") }}

),

renamed as (

    select
        ---------- ids
        {{ text("Record ID") }} as hubspot_deal_id,
        {{ record_ids("Associated Contact IDs") }} as hubspot_contact_ids,
        {{ record_ids("Associated Company IDs") }} as hubspot_company_ids,

        ---------- text
        {{ text("Deal Name") }} as deal_name,
        {{ text("Pipeline") }} as pipeline,
        {{ text("Deal Stage") }} as stage,  -- noqa: RF04
        {{ text("Deal Type") }} as deal_type,
        {{ text("Deal owner") }} as owner_name,

        ---------- numerics
        upper({{ text("Currency") }}) as currency,
        {{ as_plain_number("Amount", 2, "decimal(18, 2)") }} as amount_local,

        ---------- times: written in the portal's zone, where the day is meant
        {{ portal_date("Close Date") }} as close_date,
        {{ portal_utc("Close Date") }} as closes_at,
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
    {{ latest_by_key("hubspot_deal_id") }}

)

select * from latest
