-- Fails if a person may be written to at an address that did not agree to it itself.
-- This exists because consent given by one address was once used for another of the same person.
with

allowed as (

    select permissions.*
    from {{ ref('int_permissions__decided') }} as permissions
    inner join {{ ref('consent_purposes') }} as purposes
        on permissions.purpose = purposes.purpose
    where permissions.is_allowed and purposes.address = 'granted'

),

decisions as (

    select * from {{ ref('int_consent__decisions') }}

),

unasked as (

    select
        allowed.person_id,
        allowed.purpose
    from allowed
    left join decisions
        on
            allowed.purpose = decisions.purpose
            and decisions.id_type = 'email'
            and allowed.email = decisions.id_value
            and decisions.decision = 'granted'
    where decisions.person_id is null

)

select * from unasked
