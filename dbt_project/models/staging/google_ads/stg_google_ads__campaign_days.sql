with

source as (

    select * from {{ source("google_ads", "campaign_report") }}

),

parsed as (

    select
        ---------- ids
        {{ text("Campaign ID") }} as google_ads_campaign_id,
        {{ text("Campaign") }} as campaign_name,
        try_cast({{ text("Day") }} as date) as report_date,

        ---------- numerics
        upper({{ text("Currency code") }}) as currency,
        try_cast({{ google_number("Cost", 2) }} as decimal(18, 2)) as cost_local,
        try_cast({{ google_number("Impr.", 0) }} as bigint) as impressions,
        try_cast({{ google_number("Clicks", 0) }} as bigint) as clicks,
        try_cast({{ google_number("Conversions", 2) }} as double) as conversions,
        try_cast({{ google_number("Conv. value", 2) }} as decimal(18, 2))
            as conversion_value_local,

        ---------- lineage
        _file,
        _line,
        _load_id
    from source

),

latest as (

    select parsed.* from parsed
    {{ latest_file_by_key("google_ads_campaign_id, report_date, currency") }}

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
        max_by(_file, _line) as _file,
        max(_line) as _line,
        max(_load_id) as _load_id
    from latest
    group by all

)

select * from summed
