with

source as (

    select * from {{ source("costs", "costs") }}

),

renamed as (

    select
        ---------- ids
        {{ text("cost_id") }} as cost_id,

        ---------- text
        nullif(
            regexp_extract(
                lower({{ text("category") }}), '^(event|content|salary|tool|agency|other)$'
            ),
            ''
        ) as category,
        {{ text("description") }} as description,
        {{ text("campaign") }} as campaign_name,
        {{ text("source") }} as cost_source,

        ---------- numerics
        upper({{ text("currency") }}) as currency,
        {{ as_plain_number("amount", 2, "decimal(18, 2)") }} as cost_local,

        ---------- dates
        {{ iso_date("cost_date") }} as cost_date,

        ---------- lineage
        _file,
        _line,
        _load_id
    from source

),

latest as (

    select renamed.* from renamed
    {{ latest_by_key("cost_id") }}

)

select * from latest
