with

source as (

    select * from {{ source("google_ads", "campaign_report_api") }}

),

parsed as (

    select
        ---------- ids
        {{ text("campaign.id") }} as google_ads_campaign_id,
        {{ text("campaign.name") }} as campaign_name,
        {{ as_date("segments.date") }} as report_date,

        ---------- text
        {{ text("customer.time_zone") }} as time_zone,

        ---------- numerics: an API writes no separators, and as many decimals as there are
        upper({{ text("customer.currency_code") }}) as currency,
        {{ as_english_number("metrics.cost_micros", 0, "decimal(24, 0)") }} as cost_micros,
        {{ as_english_number("metrics.impressions", 0, "bigint") }} as impressions,
        {{ as_english_number("metrics.clicks", 0, "bigint") }} as clicks,
        {{ as_english_number("metrics.conversions", 18, "double") }} as conversions,
        {{ as_english_number("metrics.conversions_value", 18, "decimal(28, 10)") }}
            as conversion_value_local,

        ---------- lineage
        _file,
        _line,
        _load_id
    from source

),

-- A query may split finer than the columns that are loaded (by ad group, by device): the rows of
-- one file add up, so none of them may be dropped.
summed as (

    select
        ---------- ids
        google_ads_campaign_id,
        report_date,
        currency,
        max_by(campaign_name, _line) as campaign_name,
        max_by(time_zone, _line) as time_zone,

        ---------- numerics: a product stays decimal, a division would be a double
        (sum(cost_micros)::decimal(30, 0) * 0.000001::decimal(7, 6))::decimal(18, 2) as cost_local,
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
