with

found_values as (

    select
        id_type,
        id_value
    from {{ ref('int_identity__lead_identifiers') }}
    union
    select
        id_type,
        id_value
    from {{ ref('int_identity__contact_identifiers') }}
    union
    select
        id_type,
        id_value
    from {{ ref('int_identity__hubspot_contact_identifiers') }}
    union
    select
        id_type,
        id_value
    from {{ ref('int_identity__form_identifiers') }}
    union
    select
        id_type,
        id_value
    from {{ ref('int_identity__web_identifiers') }}

),

blocked_values as (

    select * from {{ ref('identity_blocked_values') }}

),

role_mailboxes as (

    select * from {{ ref('identity_role_mailboxes') }}

),

blocked as (

    select
        found_values.id_type,
        found_values.id_value,
        true as is_blocked,
        false as is_role_mailbox,
        min(blocked_values.reason) as reason
    from found_values
    inner join blocked_values
        on
            blocked_values.id_type in ('any', found_values.id_type)
            and regexp_full_match(lower(found_values.id_value), blocked_values.pattern)
    group by all

),

role_addresses as (

    select
        found_values.id_type,
        found_values.id_value,
        false as is_blocked,
        true as is_role_mailbox,
        'role mailbox: ' || role_mailboxes.purpose as reason
    from found_values
    inner join role_mailboxes
        on
            found_values.id_type = 'email'
            and split_part(found_values.id_value, '@', 1) = role_mailboxes.local_part

),

refused_values as (

    select * from blocked
    union all
    select * from role_addresses
    where not exists (
        select 1 from blocked
        where
            blocked.id_type = role_addresses.id_type
            and blocked.id_value = role_addresses.id_value
    )

)

select * from refused_values
