with

people as (

    select * from {{ ref('dim_people') }}

),

purposes as (

    select * from {{ ref('consent_purposes') }}

),

consents as (

    select * from {{ ref('dim_person_consents') }}

),

suppressions as (

    select * from {{ ref('int_suppressions__reached') }}

),

role_mailboxes as (

    select * from {{ ref('identity_role_mailboxes') }}

),

explained as (

    select
        people.person_id,
        purposes.purpose,
        case
            when consents.status is null then 'consent_absent'
            when consents.status <> 'granted' then 'consent_' || consents.status
            when suppressions.person_id is not null then 'suppressed'
            when people.email is null then 'missing_email'
            when role_mailboxes.local_part is not null then 'role_mailbox'
            else 'allowed'
        end as reason
    from people
    cross join purposes
    left join consents
        on people.person_id = consents.person_id and purposes.purpose = consents.purpose
    left join suppressions
        on people.person_id = suppressions.person_id and purposes.purpose = suppressions.purpose
    left join role_mailboxes on split_part(people.email, '@', 1) = role_mailboxes.local_part

),

decided as (

    select
        *,
        reason = 'allowed' as is_allowed
    from explained

)

select * from decided
