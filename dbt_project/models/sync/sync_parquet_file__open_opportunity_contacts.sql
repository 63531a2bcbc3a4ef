with

open_opportunity_contacts as (

    select * from {{ ref('open_opportunity_contacts') }}

),

people as (

    select * from {{ ref('dim_people') }}

),

permissions as (

    select *
    from {{ ref('int_permissions__decided') }}
    where purpose = 'advertising'

),

candidates as (

    select
        ---------- ids
        people.person_id as record_key,
        people.person_id,

        ---------- payload
        people.country,
        open_opportunity_contacts.open_opportunity_count,
        open_opportunity_contacts.next_close_date,

        ---------- decision
        permissions.is_allowed,
        permissions.reason,

        ---------- payload: ad platforms match on the hash and need no address
        sha256(lower(trim(permissions.email))) as email_sha256
    from open_opportunity_contacts
    inner join people on open_opportunity_contacts.person_id = people.person_id
    inner join permissions on open_opportunity_contacts.person_id = permissions.person_id

)

select * from candidates
