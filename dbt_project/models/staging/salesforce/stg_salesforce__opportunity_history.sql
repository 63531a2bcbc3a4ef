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
        {{ as_number("Amount", "decimal(18, 2)") }} as amount_local,
        {{ as_number("ExpectedRevenue", "decimal(18, 2)") }} as expected_revenue_local,
        {{ as_number("PrevAmount", "decimal(18, 2)") }} as previous_amount_local,
        {{ as_number("Probability", "double") }} as probability,

        ---------- booleans
        {{ as_boolean("IsDeleted") }} as is_deleted,

        ---------- times
        {{ as_date("CloseDate") }} as close_date,
        {{ as_date("PrevCloseDate") }} as previous_close_date,
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
