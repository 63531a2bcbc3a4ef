with

source as (

    select * from {{ source("salesforce", "opportunity_history") }}

),

renamed as (

    select
        ---------- ids
        {{ text("Id") }} as salesforce_opportunity_history_id,
        {{ text("OpportunityId") }} as salesforce_opportunity_id,
        {{ text("CreatedById") }} as changed_by_id,

        ---------- text
        {{ text("StageName") }} as stage,  -- noqa: RF04
        {{ text("ForecastCategory") }} as forecast_category,

        ---------- numerics
        upper({{ text("CurrencyIsoCode") }}) as currency,
        try_cast({{ text("Amount") }} as decimal(18, 2)) as amount_local,
        try_cast({{ text("ExpectedRevenue") }} as decimal(18, 2)) as expected_revenue_local,
        try_cast({{ text("PrevAmount") }} as decimal(18, 2)) as previous_amount_local,
        try_cast({{ text("Probability") }} as double) as probability,

        ---------- booleans
        try_cast({{ text("IsDeleted") }} as boolean) as is_deleted,

        ---------- times
        try_cast({{ text("CloseDate") }} as date) as close_date,
        try_cast({{ text("PrevCloseDate") }} as date) as previous_close_date,
        {{ utc("CreatedDate") }} as changed_at,
        {{ utc("SystemModstamp") }} as updated_at,

        ---------- lineage
        _file,
        _line,
        _load_id
    from source

),

latest as (

    select renamed.* from renamed
    {{ latest_by_key("salesforce_opportunity_history_id", "updated_at") }}

)

select * from latest
