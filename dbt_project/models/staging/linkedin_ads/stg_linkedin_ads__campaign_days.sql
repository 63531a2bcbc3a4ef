with

reports as (

    select * from {{ ref("stg_linkedin_ads__campaign_day_reports") }}

),

latest as (

    select
        ---------- ids
        reports.linkedin_ads_campaign_id,
        reports.report_date,
        reports.currency,
        reports.linkedin_ads_campaign_group_id,

        ---------- text
        reports.campaign_group_name,
        reports.campaign_name,
        reports.campaign_type,
        reports.account_name,
        reports.time_zone,

        ---------- numerics
        reports.cost_local,
        reports.impressions,
        reports.clicks,
        reports.landing_page_clicks,
        reports.conversions,
        reports.conversion_value_local,
        reports.leads,

        ---------- lineage
        reports._file,
        reports._line,
        reports._load_id
    from reports
    {{ latest_by_key("linkedin_ads_campaign_id, report_date, currency") }}

)

select * from latest
