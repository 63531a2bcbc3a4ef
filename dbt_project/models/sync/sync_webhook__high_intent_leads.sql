with

high_intent_leads as (

    select * from {{ ref('high_intent_leads') }}

),

people as (

    select * from {{ ref('dim_people') }}

),

permissions as (

    select *
    from {{ ref('int_permissions__decided') }}
    where purpose = 'email_marketing'

),

candidates as (

    select
        ---------- ids
        people.person_id as record_key,
        people.person_id,

        ---------- payload
        permissions.email,
        people.first_name,
        people.last_name,
        people.company_name,
        people.title,
        high_intent_leads.touch_count,
        high_intent_leads.form_fill_count,
        high_intent_leads.last_channel,
        high_intent_leads.last_touched_at,

        ---------- decision
        permissions.is_allowed,
        permissions.reason
    from high_intent_leads
    inner join people on high_intent_leads.person_id = people.person_id
    inner join permissions on high_intent_leads.person_id = permissions.person_id

)

select * from candidates
