with

addresses as (

    select * from {{ ref('int_households__addresses') }}

),

edges as (

    select * from {{ ref('edges') }}

),

shared_identifiers as (

    select * from {{ ref('shared_identifiers') }}
    where id_type in ('email', 'phone') and treatment = 'shared'

),

record_people as (

    select * from {{ ref('int_identity__record_people') }}

),

free_mail_domains as (

    select * from {{ ref('free_mail_domains') }}

),

role_mailboxes as (

    select * from {{ ref('identity_role_mailboxes') }}

),

judged as (

    select
        id_type as evidence,
        id_value as shared_value,
        id_type = 'email'
        and (
            split_part(id_value, '@', -1)
            not in (select free_mail_domains.domain from free_mail_domains)
            or split_part(id_value, '@', 1)
            in (select role_mailboxes.local_part from role_mailboxes)
        ) as is_business
    from shared_identifiers

),

found as (

    select
        'postal_address' as evidence,
        address as shared_value,
        is_business,
        person_id
    from addresses
    union
    select
        'phone' as evidence,
        phone as shared_value,
        true as is_business,
        null as person_id
    from {{ ref('stg_salesforce__accounts') }}
    union
    select
        judged.evidence,
        judged.shared_value,
        judged.is_business,
        record_people.person_id
    from judged
    inner join edges
        on judged.evidence = edges.id_type and judged.shared_value = edges.id_value
    inner join record_people
        on
            edges.source = record_people.source
            and edges.record_type = record_people.record_type
            and edges.record_id = record_people.record_id

),

shared_values as (

    select
        * exclude (is_business),
        bool_or(is_business) over (partition by evidence, shared_value) as is_business
    from found
    qualify
        person_id is not null
        and count(person_id) over (partition by evidence, shared_value) > 1

)

select * from shared_values
