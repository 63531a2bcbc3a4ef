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
        {{ as_english_number("Spend", 2, "decimal(18, 2)") }} as cost_local,
        {{ as_english_number("Impressions", 0, "bigint") }} as impressions,
        {{ as_english_number("Clicks", 0, "bigint") }} as clicks,
        coalesce(
            {{ as_english_number("ConversionsQualified", 2, "double") }},
            {{ as_english_number("Conversions", 0, "double") }}
        ) as conversions,
        {{ as_english_number("Revenue", 2, "decimal(18, 2)") }} as conversion_value_local,

        ---------- lineage
        _file,
        _line,
        _load_id
    from source

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
        any_value(_file) as _file,
        max(_line) as _line,
        _load_id
    from parsed
    group by all

)

select * from summed
