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
        case
            when {{ text("Day") }} is null then {{ as_date("Reporting starts") }}
            else {{ as_date("Day") }}
        end as report_date,
        case
            when {{ text("Day") }} is null then {{ as_date("Reporting ends") }}
            else {{ as_date("Day") }}
        end as report_end_date,

        ---------- numerics
        {{ text("Currency") }} as currency,
        {{ as_english_number("Amount spent", 2, "decimal(18, 2)") }} as cost_local,
        {{ as_english_number("Impressions", 0, "bigint") }} as impressions,
        {{ as_english_number("Link clicks", 0, "bigint") }} as link_clicks,
        {{ as_english_number("Clicks (all)", 0, "bigint") }} as clicks,
        {{ as_english_number("Purchases", 2, "double") }} as purchases,
        {{ as_english_number("Purchases conversion value", 2, "decimal(18, 2)") }}
            as purchase_value_local,

        ---------- lineage
        _file,
        _line,
        _load_id
    from source

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
        any_value(_file) as _file,
        max(_line) as _line,
        _load_id
    from parsed
    group by all

)

select * from summed
