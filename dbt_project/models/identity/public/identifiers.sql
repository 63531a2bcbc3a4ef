with

links as (

    select * from {{ ref('int_identity__links') }}
    where is_linking and not is_shared

),

record_people as (

    select * from {{ ref('int_identity__record_people') }}

),

visitors as (

    select * from {{ ref('int_identity__visitors') }}

),

identifiers as (

    select
        links.id_type,
        links.id_value,
        min(record_people.person_id) as person_id,
        min(links.observed_at) as first_seen_at,
        greatest(max(links.observed_at), max(visitors.last_observed_at)) as last_seen_at
    from links
    inner join record_people on links.record_index = record_people.record_index
    left join visitors
        on
            links.id_type = 'anonymous_id'
            and links.id_value = visitors.anonymous_id
    group by all
    having count(distinct record_people.person_id) = 1

)

select * from identifiers
