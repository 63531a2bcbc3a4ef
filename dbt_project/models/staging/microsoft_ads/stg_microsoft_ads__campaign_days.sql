with

source as (

    select * from {{ source("microsoft_ads", "campaign_report") }}

),

parsed as (

    select
        ---------- ids
        {{ text("CampaignId") }} as microsoft_ads_campaign_id,
        {{ us_date("TimePeriod") }} as report_date,

        ---------- text
        {{ text("CampaignName") }} as campaign_name,
        {{ text("AccountName") }} as account_name,
        {{ text("Time Zone") }} as time_zone,

        ---------- booleans
        lower({{ text("Potential Incomplete Data") }}) = 'true' as is_partial,

        ---------- numerics
        upper({{ text("CurrencyCode") }}) as currency,
        try_cast({{ english_number("Spend", 2) }} as decimal(18, 2)) as cost_local,
        try_cast({{ english_number("Impressions", 0) }} as bigint) as impressions,
        try_cast({{ english_number("Clicks", 0) }} as bigint) as clicks,
        coalesce(
            try_cast({{ english_number("ConversionsQualified", 2) }} as double),
            try_cast({{ english_number("Conversions", 0) }} as double)
        ) as conversions,
        try_cast({{ english_number("Revenue", 2) }} as decimal(18, 2)) as conversion_value_local,

        ---------- lineage
        _file,
        _line,
        _load_id
    from source

),

latest as (

    select parsed.* from parsed
    {{ latest_file_by_key("microsoft_ads_campaign_id, report_date, currency") }}

),

-- A report may be split finer than the columns that are loaded (by device, by network): the rows of
-- one file add up, so none of them may be dropped.
summed as (

    select
        ---------- ids
        microsoft_ads_campaign_id,
        report_date,
        currency,

        ---------- text
        max_by(campaign_name, _line) as campaign_name,
        max_by(account_name, _line) as account_name,
        max_by(time_zone, _line) as time_zone,

        ---------- booleans
        bool_or(is_partial) as is_partial,

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
