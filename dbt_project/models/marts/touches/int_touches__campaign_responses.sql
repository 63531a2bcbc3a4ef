with

members as (
    select *
    from {{ ref('stg_salesforce__campaign_members') }}
    where has_responded and not coalesce(is_deleted, false)
),

rules as (
    select seconds as time_of_day
    from {{ ref('touch_rules') }}
    where rule = 'response_time_of_day'
),

people as (
    select
        record_type,
        record_id,
        person_id
    from {{ ref('person_records') }}
    where source = 'salesforce'
),

responses as (
    select
        'salesforce' as source,  -- noqa: RF04
        members.salesforce_campaign_member_id as source_record_id,
        'campaign_response' as touch_type,
        cast(null as varchar) as utm_source,
        cast(null as varchar) as utm_medium,
        cast(null as varchar) as utm_campaign,
        cast(null as varchar) as utm_content,
        cast(null as varchar) as utm_term,
        cast(null as varchar) as click_id_type,
        cast(null as varchar) as referrer_host,
        cast(null as varchar) as landing_path,
        members.salesforce_campaign_id as source_campaign_id,
        cast(null as boolean) as has_analytics_consent,
        coalesce(contacts.person_id, leads.person_id) as person_id,
        coalesce(
            cast(members.first_responded_date as timestamp) + to_seconds(rules.time_of_day),
            members.created_at
        ) as touched_at
    from members
    cross join rules
    left join people as contacts
        on
            members.salesforce_contact_id = contacts.record_id
            and contacts.record_type = 'contact'
    left join people as leads
        on members.salesforce_lead_id = leads.record_id and leads.record_type = 'lead'
)

select * from responses
