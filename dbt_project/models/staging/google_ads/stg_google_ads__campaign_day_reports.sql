with

source as (

    select * from {{ source("google_ads", "campaign_report") }}

),

parsed as (

    select
        ---------- ids
        {{ text("Campaign ID") }} as google_ads_campaign_id,
        {{ text("Campaign") }} as campaign_name,
        {{ as_date("Day") }} as report_date,

        ---------- numerics
        upper({{ text("Currency code") }}) as currency,
        {{ as_google_number("Cost", 2, "decimal(18, 2)") }} as cost_local,
        {{ as_google_number("Impr.", 0, "bigint") }} as impressions,
        {{ as_google_number("Clicks", 0, "bigint") }} as clicks,
        {{ as_google_number("Conversions", 2, "double") }} as conversions,
        {{ as_google_number("Conv. value", 2, "decimal(18, 2)") }}
            as conversion_value_local,

        ---------- lineage
        _file,
        _line,
        _load_id
    from source

),

-- A report may be split finer than the columns that are loaded (by ad group, by device):
-- the rows of one file add up to the vendor's total, so none of them may be dropped.
summed as (

    select
        ---------- ids
        google_ads_campaign_id,
        report_date,
        currency,
        max_by(campaign_name, _line) as campaign_name,

        ---------- numerics
        sum(cost_local)::decimal(18, 2) as cost_local,
        sum(impressions)::bigint as impressions,
        sum(clicks)::bigint as clicks,
        {{ exact_sum('conversions') }}::double as conversions,
        sum(conversion_value_local)::decimal(18, 2) as conversion_value_local,

        ---------- lineage
        any_value(_file) as _file,
        max(_line) as _line,
        _load_id
    from parsed
    group by all

)

select * from summed
