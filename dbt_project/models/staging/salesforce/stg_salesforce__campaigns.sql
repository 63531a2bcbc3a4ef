with

source as (

    select * from {{ source("salesforce", "campaigns") }}

),

renamed as (

    select
        ---------- ids
        {{ text("Id") }} as salesforce_campaign_id,
        {{ text("ParentId") }} as parent_campaign_id,

        ---------- text
        {{ text("Name") }} as campaign_name,
        {{ text("Type") }} as campaign_type,
        {{ text("Status") }} as status,

        ---------- dates
        {{ as_date("StartDate") }} as start_date,
        {{ as_date("EndDate") }} as end_date,

        ---------- numerics
        {{ as_number("BudgetedCost", "decimal(18, 2)") }} as budgeted_cost_local,
        {{ as_number("ActualCost", "decimal(18, 2)") }} as actual_cost_local,
        upper({{ text("CurrencyIsoCode") }}) as currency,

        ---------- booleans
        {{ as_boolean("IsActive") }} as is_active,
        {{ as_boolean("IsDeleted") }} as is_deleted,

        ---------- timestamps
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
    {{ latest_by_key("salesforce_campaign_id", "updated_at") }}

)

select * from latest
