with

people as (

    select * from {{ ref('dim_people') }}

),

consents as (

    select * from {{ ref('dim_person_consents') }}

),

subscribed as (

    select
        ---------- ids
        people.person_id,

        ---------- why
        consents.source as consent_source,
        consents.evidence as consent_evidence,
        consents.decided_at as subscribed_at
    from people
    inner join consents on people.person_id = consents.person_id
    where
        consents.purpose = 'email_marketing'
        and consents.status = 'granted'

)

select * from subscribed
