with recursive

keys as (

    select * from {{ ref('int_households__keys') }}
    where excluded_because is null

),

people as (

    select * from {{ source('state', 'people') }}

),

neighbours as (

    select distinct
        mine.person_id,
        theirs.person_id as other_person_id
    from keys as mine
    inner join keys as theirs
        on
            mine.evidence = theirs.evidence
            and mine.shared_value = theirs.shared_value
            and mine.family_key = theirs.family_key

),

-- Whoever can be reached lives together; `union` keeps each pair once, so the walk ends.
reached as (

    select
        person_id,
        other_person_id
    from neighbours
    union
    select
        reached.person_id,
        neighbours.other_person_id
    from reached
    inner join neighbours on reached.other_person_id = neighbours.person_id

),

oldest as (

    select
        reached.person_id,
        arg_min(reached.other_person_id, (people.minted_at, reached.other_person_id))
            as oldest_person_id
    from reached
    inner join people on reached.other_person_id = people.person_id
    group by all

),

reasons as (

    select
        person_id,
        string_agg(distinct evidence, ', ' order by evidence) as reason
    from keys
    group by all

),

household_members as (

    select
        oldest.person_id,
        oldest.oldest_person_id,
        reasons.reason,
        'h_' || left(sha256('household' || chr(31) || oldest.oldest_person_id), 16) as household_id
    from oldest
    inner join reasons on oldest.person_id = reasons.person_id

)

select * from household_members
