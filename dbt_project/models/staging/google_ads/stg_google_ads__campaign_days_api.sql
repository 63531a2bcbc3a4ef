with

reports as (

    select * from {{ ref("stg_google_ads__campaign_day_reports_api") }}

),

latest as (

    select
        ---------- ids
        reports.google_ads_campaign_id,
        reports.report_date,
        reports.currency,
        reports.campaign_name,
        reports.time_zone,

        ---------- numerics
        reports.cost_local,
        reports.impressions,
        reports.clicks,
        reports.conversions,
        reports.conversion_value_local,

        ---------- lineage
        reports._file,
        reports._line,
        reports._load_id
    from reports
    {{ latest_by_key("google_ads_campaign_id, report_date, currency") }}

)

select * from latest
