with

source as (

    select * from {{ source("hubspot", "companies") }}

),

renamed as (

    select
        ---------- ids
        {{ text("Record ID") }} as hubspot_company_id,

        ---------- text
        {{ text("Company name") }} as company_name,
        {{ text("_normal_Company Domain Name") }} as domain,
        {{ text("Country/Region") }} as country,
        {{ text("Industry") }} as industry,
        {{ lifecycle_stage("Lifecycle Stage") }} as lifecycle_stage,
        {{ text("Company owner") }} as owner_name,

        ---------- numerics
        {{ as_plain_number("Number of Employees", 0, "integer") }} as employee_count,
        {{ as_plain_number("Annual Revenue", 2, "double") }} as annual_revenue_local,

        ---------- times: written in the portal's zone
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
    {{ latest_by_key("hubspot_company_id") }}

)

select * from latest
