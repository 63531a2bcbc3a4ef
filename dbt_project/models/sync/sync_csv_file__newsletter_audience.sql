with

people as (

    select * from {{ ref('dim_people') }}

),

permissions as (

    select *
    from {{ ref('int_permissions__decided') }}
    where purpose = 'email_marketing'

),

newsletter_audience as (

    select * from {{ ref('newsletter_audience') }}

),

-- Everybody who could be written to, so that each of the others is there with a reason.
candidates as (

    select
        ---------- ids
        people.person_id as record_key,
        people.person_id,

        ---------- payload
        permissions.email,
        people.first_name,
        people.last_name,
        people.country,
        people.lifecycle_stage,
        newsletter_audience.subscribed_at,

        ---------- decision
        permissions.is_allowed,
        permissions.reason
    from people
    inner join permissions on people.person_id = permissions.person_id
    left join newsletter_audience on people.person_id = newsletter_audience.person_id
    where
        people.email is not null
        or permissions.reason <> 'consent_absent'

)

select * from candidates
