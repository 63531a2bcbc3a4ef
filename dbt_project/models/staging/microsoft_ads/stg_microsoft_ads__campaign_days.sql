with

reports as (

    select * from {{ ref("stg_microsoft_ads__campaign_day_reports") }}

),

latest as (

    select
        ---------- ids
        reports.microsoft_ads_campaign_id,
        reports.report_date,
        reports.currency,

        ---------- text
        reports.campaign_name,
        reports.account_name,
        reports.time_zone,

        ---------- booleans
        reports.is_partial,

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
    {{ latest_by_key("microsoft_ads_campaign_id, report_date, currency") }}

)

select * from latest
