with

google as (
    select *
    from {{ ref('stg_google_ads__campaign_days') }}
),

google_api as (
    select *
    from {{ ref('stg_google_ads__campaign_days_api') }}
),

linkedin as (
    select
        * replace (coalesce(campaign_group_name, campaign_name) as campaign_name),
        coalesce(linkedin_ads_campaign_group_id, linkedin_ads_campaign_id) as group_id
    from {{ ref('stg_linkedin_ads__campaign_days') }}
),

microsoft as (
    select *
    from {{ ref('stg_microsoft_ads__campaign_days') }}
),

meta as (
    select
        *,
        purchases as conversions
    from {{ ref('stg_meta_ads__ad_days') }}
),

-- The API says the same days as the interface, and more exactly.
google_left as (
    select
        google.*,
        if(google_api.report_date is not null, 'the API has the day', null) as left_out
    from google
    left join google_api
        on
            google.google_ads_campaign_id = google_api.google_ads_campaign_id
            and google.report_date = google_api.report_date
            and google.currency is not distinct from google_api.currency
),

-- A report without days overlaps those with days: of two overlapping spans the shorter one counts,
-- of two as long as each other the later.
meta_left as (
    select
        meta.*,
        if(exists (
            select 1
            from meta as other
            where
                other.meta_ads_ad_id = meta.meta_ads_ad_id
                and other.currency is not distinct from meta.currency
                and other.report_date <= meta.report_end_date
                and other.report_end_date >= meta.report_date
                and (other.report_end_date - other.report_date, -epoch(other.report_date))
                < (meta.report_end_date - meta.report_date, -epoch(meta.report_date))
        ), 'a shorter or later span has it', null) as left_out
    from meta
),

days as (
    {% for source, table, platform_id, campaign_id, utm_source, utm_medium, left_out in [
        ("google_ads", "google_left", "google_ads_campaign_id", "google_ads_campaign_id",
            "google", "cpc", "left_out"),
        ("google_ads", "google_api", "google_ads_campaign_id", "google_ads_campaign_id",
            "google", "cpc", "null"),
        ("meta_ads", "meta_left", "meta_ads_ad_id", "meta_ads_campaign_id",
            "facebook", "paid_social", "left_out"),
        ("linkedin_ads", "linkedin", "linkedin_ads_campaign_id", "group_id",
            "linkedin", "paid_social", "null"),
        ("microsoft_ads", "microsoft", "microsoft_ads_campaign_id", "microsoft_ads_campaign_id",
            "bing", "cpc", "null"),
    ] -%}
        select
            '{{ source }}' as source,  -- noqa: RF04
            '{{ table }}' as report,
            {{ platform_id }} as platform_id,
            {{ campaign_id }} as source_campaign_id,
            trim(campaign_name) as campaign_name,
            '{{ utm_source }}' as utm_source,
            '{{ utm_medium }}' as utm_medium,
            report_date as spend_date,
            {{ "report_end_date" if source == "meta_ads" else "report_date" }} as last_date,
            coalesce(currency, '{{ var("corporate_currency", "USD") }}') as currency,
            cost_local,
            impressions,
            clicks,
            conversions,
            coalesce(
                {{ left_out }}, if(report_date is null, 'its day cannot be read', null)
            ) as left_out
        from {{ table }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select * from days
