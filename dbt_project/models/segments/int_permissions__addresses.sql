with

people as (

    select * from {{ ref('dim_people') }}

),

purposes as (

    select * from {{ ref('consent_purposes') }}

),

latest_consents as (

    select * from {{ ref('int_consent__latest') }}

),

suppressed_addresses as (

    select * from {{ ref('int_suppressions__addresses') }}

),

-- An address that agreed to something and refused something else has not agreed.
granted_addresses as (

    select
        person_id,
        purpose,
        id_value as email,
        max(decided_at) as decided_at
    from latest_consents
    where id_type = 'email'
    group by all
    having bool_and(is_granted)

),

usable as (

    select
        people.person_id,
        purposes.purpose,
        people.email,
        null::timestamp as decided_at,
        true as is_profile_address
    from people
    cross join purposes
    where purposes.address = 'profile' and people.email is not null
    union all
    select
        people.person_id,
        purposes.purpose,
        granted_addresses.email,
        granted_addresses.decided_at,
        coalesce(granted_addresses.email = people.email, false) as is_profile_address
    from granted_addresses
    inner join people on granted_addresses.person_id = people.person_id
    inner join purposes on granted_addresses.purpose = purposes.purpose
    where purposes.address = 'granted'

),

chosen as (

    select
        ---------- ids
        usable.person_id,
        usable.purpose,

        ---------- text
        usable.email,

        ---------- booleans
        suppressed_addresses.email is not null as is_suppressed
    from usable
    left join suppressed_addresses
        on
            usable.email = suppressed_addresses.email
            and usable.purpose = suppressed_addresses.purpose
    qualify row_number() over (
        partition by usable.person_id, usable.purpose
        order by
            is_suppressed asc,
            usable.is_profile_address desc,
            usable.decided_at desc nulls last,
            usable.email asc
    ) = 1

)

select * from chosen
