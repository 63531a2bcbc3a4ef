with

household_members as (

    select * from {{ ref('household_members') }}

),

people as (

    select * from {{ ref('dim_people') }}

),

households as (

    select
        household_members.household_id,
        household_members.oldest_person_id,
        count(*) as member_count,
        string_agg(distinct household_members.reason, '; ' order by household_members.reason)
            as reasons,
        min(people.first_seen_at) as first_seen_at,
        max(people.last_seen_at) as last_seen_at
    from household_members
    inner join people on household_members.person_id = people.person_id
    group by all

)

select * from households
