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
        {{ as_english_number("Total Spent", 2, "decimal(18, 2)") }} as cost_local,
        {{ as_english_number("Impressions", 0, "bigint") }} as impressions,
        {{ as_english_number("Clicks", 0, "bigint") }} as clicks,
        {{ as_english_number("Clicks to Landing Page", 0, "bigint") }}
            as landing_page_clicks,
        {{ as_english_number("Conversions", 2, "double") }} as conversions,
        {{ as_english_number("Total Conversion Value", 2, "decimal(18, 2)") }}
            as conversion_value_local,
        {{ as_english_number("Leads", 0, "bigint") }} as leads,

        ---------- lineage
        _file,
        _line,
        _load_id
    from source

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
        any_value(_file) as _file,
        max(_line) as _line,
        _load_id
    from parsed
    group by all

)

select * from summed
