with

crm as (
    select
        'salesforce' as campaign_source,
        salesforce_campaign_id as source_campaign_id,
        trim(campaign_name) as campaign_name,
        'campaign_response' as touch_type,
        campaign_type,
        start_date,
        end_date
    from {{ ref('stg_salesforce__campaigns') }}
    where not coalesce(is_deleted, false)
),

ads as (
    select
        source as campaign_source,
        source_campaign_id,
        arg_max(campaign_name, (spend_date, campaign_name)) as campaign_name,
        'web_session' as touch_type,
        utm_source,
        utm_medium,
        min(spend_date) as start_date,
        max(spend_date) as end_date
    from {{ ref('int_spend__days') }}
    where source_campaign_id is not null
    group by source, source_campaign_id, utm_source, utm_medium
),

emails as (
    select
        'hubspot' as campaign_source,
        email_campaign_id as source_campaign_id,
        mode(trim(utm_campaign)) as campaign_name,
        'email' as known_channel,
        cast(min(occurred_at) as date) as start_date,
        cast(max(occurred_at) as date) as end_date
    from {{ ref('stg_hubspot__email_events') }}
    where email_campaign_id is not null
    group by email_campaign_id
),

tagged as (
    select
        'utm' as campaign_source,
        utm_campaign as source_campaign_id,
        utm_campaign as campaign_name,
        cast(min(touched_at) as date) as start_date,
        cast(max(touched_at) as date) as end_date,
        mode(channel) as known_channel
    from {{ ref('int_touches__channels') }}
    where utm_campaign is not null and source_campaign_id is null
    group by utm_campaign
),

unioned as (
    select * from crm
    union all by name
    select * from ads
    union all by name
    select * from emails
    union all by name
    select * from tagged
)

select * from unioned
