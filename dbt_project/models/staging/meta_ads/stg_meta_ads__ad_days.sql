with

source as (

    select * from {{ source("meta_ads", "ads_report") }}

),

parsed as (

    select
        ---------- ids
        {{ text("Ad ID") }} as meta_ads_ad_id,
        {{ text("Ad set ID") }} as meta_ads_ad_set_id,
        {{ text("Campaign ID") }} as meta_ads_campaign_id,

        ---------- text
        {{ text("Ad name") }} as ad_name,
        {{ text("Ad set name") }} as ad_set_name,
        {{ text("Campaign name") }} as campaign_name,

        ---------- dates: without a breakdown by day the row is about the whole period
        try_cast(coalesce({{ text("Day") }}, {{ text("Reporting starts") }}) as date)
            as report_date,
        try_cast(coalesce({{ text("Day") }}, {{ text("Reporting ends") }}) as date)
            as report_end_date,

        ---------- numerics
        {{ text("Currency") }} as currency,
        try_cast({{ english_number("Amount spent", 2) }} as decimal(18, 2)) as cost_local,
        try_cast({{ english_number("Impressions", 0) }} as bigint) as impressions,
        try_cast({{ english_number("Link clicks", 0) }} as bigint) as link_clicks,
        try_cast({{ english_number("Clicks (all)", 0) }} as bigint) as clicks,
        try_cast({{ english_number("Purchases", 2) }} as double) as purchases,
        try_cast({{ english_number("Purchases conversion value", 2) }} as decimal(18, 2))
            as purchase_value_local,

        ---------- lineage
        _file,
        _line,
        _load_id
    from source

),

latest as (

    select parsed.* from parsed
    {{ latest_file_by_key("meta_ads_ad_id, report_date, report_end_date, currency") }}

),

-- An ad has one row per attribution setting and per breakdown that is not loaded: the rows of one
-- file add up to the vendor's total, so none of them may be dropped.
summed as (

    select
        ---------- ids
        meta_ads_ad_id,
        report_date,
        report_end_date,
        currency,
        max_by(meta_ads_ad_set_id, _line) as meta_ads_ad_set_id,
        max_by(meta_ads_campaign_id, _line) as meta_ads_campaign_id,

        ---------- text
        max_by(ad_name, _line) as ad_name,
        max_by(ad_set_name, _line) as ad_set_name,
        max_by(campaign_name, _line) as campaign_name,

        ---------- booleans
        report_date = report_end_date as is_single_day,

        ---------- numerics
        sum(cost_local)::decimal(18, 2) as cost_local,
        sum(impressions)::bigint as impressions,
        sum(link_clicks)::bigint as link_clicks,
        sum(clicks)::bigint as clicks,
        {{ exact_sum('purchases') }}::double as purchases,
        sum(purchase_value_local)::decimal(18, 2) as purchase_value_local,

        ---------- lineage
        max_by(_file, _line) as _file,
        max(_line) as _line,
        max(_load_id) as _load_id
    from latest
    group by all

)

select * from summed
