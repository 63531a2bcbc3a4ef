with

records as (
    select *
    from {{ ref('int_touches__records') }}
),

synonyms as (
    select
        *,
        coalesce(cast(valid_to as timestamp), timestamp '9999-12-31') as valid_until
    from {{ ref('utm_synonyms') }}
),

names as (
    select *
    from {{ ref('int_campaigns__names') }}
),

crm_campaigns as (
    select *
    from {{ ref('stg_salesforce__campaigns') }}
),

trimmed as (
    select
        * replace (
            lower(trim(utm_source)) as utm_source,
            lower(trim(utm_medium)) as utm_medium,
            nullif(trim(utm_campaign), '') as utm_campaign
        )
    from records
),

labelled as (
    select
        trimmed.touch_id,
        trimmed.source,
        trimmed.source_record_id,
        trimmed.touch_type,
        trimmed.person_id,
        trimmed.utm_content,
        trimmed.utm_term,
        trimmed.click_id_type,
        trimmed.referrer_host,
        trimmed.landing_path,
        trimmed.source_campaign_id,
        trimmed.has_analytics_consent,
        trimmed.touched_at,
        crm_campaigns.campaign_type,
        coalesce(sources.canonical, trimmed.utm_source) as utm_source,
        coalesce(mediums.canonical, trimmed.utm_medium) as utm_medium,
        coalesce(names.canonical_name, trimmed.utm_campaign) as utm_campaign,
        coalesce(names.program, crm_names.program) as program,  -- noqa: RF04
        coalesce(names.canonical_name, crm_names.canonical_name) as campaign_name
    from trimmed
    left join synonyms as sources
        on
            trimmed.utm_source = sources.value
            and sources.field = 'utm_source'
            and trimmed.touched_at >= sources.valid_from
            and trimmed.touched_at < sources.valid_until
    left join synonyms as mediums
        on
            trimmed.utm_medium = mediums.value
            and mediums.field = 'utm_medium'
            and trimmed.touched_at >= mediums.valid_from
            and trimmed.touched_at < mediums.valid_until
    left join names on trimmed.utm_campaign = names.campaign_name
    left join crm_campaigns
        on
            trimmed.source_campaign_id = crm_campaigns.salesforce_campaign_id
            and trimmed.source = 'salesforce'
    left join names as crm_names on trim(crm_campaigns.campaign_name) = crm_names.campaign_name
)

select * from labelled
