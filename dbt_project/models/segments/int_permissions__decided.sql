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

addresses as (

    select * from {{ ref('int_permissions__addresses') }}

),

identifiers as (

    select * from {{ ref('identifiers') }}

),

suppressed_addresses as (

    select * from {{ ref('int_suppressions__addresses') }}

),

role_mailboxes as (

    select * from {{ ref('identity_role_mailboxes') }}

),

suppressed_people as (

    select distinct
        identifiers.person_id,
        suppressed_addresses.purpose
    from suppressed_addresses
    inner join identifiers on suppressed_addresses.email = identifiers.id_value
    where identifiers.id_type = 'email' and suppressed_addresses.reaches_person

),

explained as (

    select
        ---------- ids
        people.person_id,
        purposes.purpose,

        ---------- text
        addresses.email,
        case
            when consents.status is null then 'consent_absent'
            when consents.status <> 'granted' then 'consent_' || consents.status
            when suppressed_people.person_id is not null then 'suppressed'
            when addresses.is_suppressed then 'suppressed'
            when addresses.email is null then 'missing_email'
            when role_mailboxes.local_part is not null then 'role_mailbox'
            else 'allowed'
        end as reason
    from people
    cross join purposes
    left join consents
        on people.person_id = consents.person_id and purposes.purpose = consents.purpose
    left join addresses
        on people.person_id = addresses.person_id and purposes.purpose = addresses.purpose
    left join suppressed_people
        on
            people.person_id = suppressed_people.person_id
            and purposes.purpose = suppressed_people.purpose
    left join role_mailboxes on split_part(addresses.email, '@', 1) = role_mailboxes.local_part

),

decided as (

    select
        *,
        reason = 'allowed' as is_allowed
    from explained

)

select * from decided
