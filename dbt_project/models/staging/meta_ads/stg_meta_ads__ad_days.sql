with

reports as (

    select * from {{ ref("stg_meta_ads__ad_day_reports") }}

),

latest as (

    select
        ---------- ids
        reports.meta_ads_ad_id,
        reports.report_date,
        reports.report_end_date,
        reports.currency,
        reports.meta_ads_ad_set_id,
        reports.meta_ads_campaign_id,

        ---------- text
        reports.ad_name,
        reports.ad_set_name,
        reports.campaign_name,

        ---------- booleans
        reports.is_single_day,

        ---------- numerics
        reports.cost_local,
        reports.impressions,
        reports.link_clicks,
        reports.clicks,
        reports.purchases,
        reports.purchase_value_local,

        ---------- lineage
        reports._file,
        reports._line,
        reports._load_id
    from reports
    {{ latest_by_key("meta_ads_ad_id, report_date, report_end_date, currency") }}

)

select * from latest
