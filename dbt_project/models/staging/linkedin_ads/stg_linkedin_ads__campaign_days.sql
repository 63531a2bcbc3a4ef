with

source as (

    select * from {{ source("linkedin_ads", "campaign_report") }}

),

parsed as (

    select
        ---------- ids
        {{ text("Campaign ID") }} as linkedin_ads_campaign_id,
        nullif({{ text("Campaign Group ID") }}, '-') as linkedin_ads_campaign_group_id,
        {{ us_date("Start Date (in UTC)") }} as report_date,

        ---------- text
        nullif({{ text("Campaign Group Name") }}, '-') as campaign_group_name,
        nullif({{ text("Campaign Name") }}, '-') as campaign_name,
        nullif({{ text("Campaign Type") }}, '-') as campaign_type,
        nullif({{ text("Account Name") }}, '-') as account_name,
        {{ text("Time Zone") }} as time_zone,

        ---------- numerics
        upper({{ text("Currency") }}) as currency,
        try_cast({{ english_number("Total Spent", 2) }} as decimal(18, 2)) as cost_local,
        try_cast({{ english_number("Impressions", 0) }} as bigint) as impressions,
        try_cast({{ english_number("Clicks", 0) }} as bigint) as clicks,
        try_cast({{ english_number("Clicks to Landing Page", 0) }} as bigint)
            as landing_page_clicks,
        try_cast({{ english_number("Conversions", 2) }} as double) as conversions,
        try_cast({{ english_number("Total Conversion Value", 2) }} as decimal(18, 2))
            as conversion_value_local,
        try_cast({{ english_number("Leads", 0) }} as bigint) as leads,

        ---------- lineage
        _file,
        _line,
        _load_id
    from source

),

latest as (

    select parsed.* from parsed
    {{ latest_file_by_key("linkedin_ads_campaign_id, report_date, currency") }}

),

-- A report may be split finer than the columns that are loaded (by ad): rows of one file add up.
summed as (

    select
        ---------- ids
        linkedin_ads_campaign_id,
        report_date,
        currency,
        max_by(linkedin_ads_campaign_group_id, _line) as linkedin_ads_campaign_group_id,

        ---------- text
        max_by(campaign_group_name, _line) as campaign_group_name,
        max_by(campaign_name, _line) as campaign_name,
        max_by(campaign_type, _line) as campaign_type,
        max_by(account_name, _line) as account_name,
        max_by(time_zone, _line) as time_zone,

        ---------- numerics
        sum(cost_local)::decimal(18, 2) as cost_local,
        sum(impressions)::bigint as impressions,
        sum(clicks)::bigint as clicks,
        sum(landing_page_clicks)::bigint as landing_page_clicks,
        {{ exact_sum('conversions') }}::double as conversions,
        sum(conversion_value_local)::decimal(18, 2) as conversion_value_local,
        sum(leads)::bigint as leads,

        ---------- lineage
        max_by(_file, _line) as _file,
        max(_line) as _line,
        max(_load_id) as _load_id
    from latest
    group by all

)

select * from summed
