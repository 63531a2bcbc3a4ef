with

identifier_values as (

    select * from {{ ref('int_identity__identifier_values') }}

),

links as (

    select * from {{ ref('int_identity__links') }}

),

record_people as (

    select * from {{ ref('int_identity__record_people') }}

),

people_counts as (

    select
        links.id_type,
        links.id_value,
        count(distinct record_people.person_id) as person_count,
        count(distinct links.scope) as scope_count
    from links
    inner join record_people on links.record_index = record_people.record_index
    group by all

),

left_out as (

    select
        identifier_values.id_type,
        identifier_values.id_value,
        identifier_values.record_count,
        identifier_values.name_count,
        identifier_values.strong_id_count,
        identifier_values.strong_id_type,
        people_counts.person_count,
        case
            when identifier_values.is_blocked then 'blocked'
            when identifier_values.is_shared then 'shared'
            when people_counts.scope_count > 1 then 'scoped'
            else 'refused'
        end as treatment,
        case
            when identifier_values.reason is not null then identifier_values.reason
            when people_counts.scope_count > 1 then 'each source has its own'
            else 'a limit keeps its people apart'
        end as reason
    from identifier_values
    inner join people_counts
        on
            identifier_values.id_type = people_counts.id_type
            and identifier_values.id_value = people_counts.id_value
    where
        identifier_values.is_blocked
        or identifier_values.is_shared
        or people_counts.person_count > 1

)

select * from left_out
