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
        try_cast({{ text("StartDate") }} as date) as start_date,
        try_cast({{ text("EndDate") }} as date) as end_date,

        ---------- numerics
        try_cast({{ text("BudgetedCost") }} as decimal(18, 2)) as budgeted_cost_local,
        try_cast({{ text("ActualCost") }} as decimal(18, 2)) as actual_cost_local,
        upper({{ text("CurrencyIsoCode") }}) as currency,

        ---------- booleans
        try_cast({{ text("IsActive") }} as boolean) as is_active,
        try_cast({{ text("IsDeleted") }} as boolean) as is_deleted,

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
