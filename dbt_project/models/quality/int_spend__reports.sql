with

google as (
    select *
    from {{ ref('stg_google_ads__campaign_day_reports') }}
),

google_api as (
    select *
    from {{ ref('stg_google_ads__campaign_day_reports_api') }}
),

meta as (
    select *
    from {{ ref('stg_meta_ads__ad_day_reports') }}
),

linkedin as (
    select *
    from {{ ref('stg_linkedin_ads__campaign_day_reports') }}
),

microsoft as (
    select *
    from {{ ref('stg_microsoft_ads__campaign_day_reports') }}
),

reports as (
    {% for source, table, platform_id, campaign_id, last_date in [
        ("google_ads", "google", "google_ads_campaign_id", "google_ads_campaign_id", "report_date"),
        ("google_ads", "google_api", "google_ads_campaign_id", "google_ads_campaign_id",
            "report_date"),
        ("meta_ads", "meta", "meta_ads_ad_id", "meta_ads_campaign_id", "report_end_date"),
        ("linkedin_ads", "linkedin", "linkedin_ads_campaign_id",
            "coalesce(linkedin_ads_campaign_group_id, linkedin_ads_campaign_id)", "report_date"),
        ("microsoft_ads", "microsoft", "microsoft_ads_campaign_id", "microsoft_ads_campaign_id",
            "report_date"),
    ] -%}
        select
            '{{ source }}' as source,  -- noqa: RF04
            '{{ table }}' as report,
            {{ platform_id }} as platform_id,
            {{ campaign_id }} as source_campaign_id,
            report_date as spend_date,
            {{ last_date }} as last_date,
            coalesce(currency, '{{ var("corporate_currency", "USD") }}') as currency,
            cost_local,
            _load_id as load_id
        from {{ table }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select * from reports
