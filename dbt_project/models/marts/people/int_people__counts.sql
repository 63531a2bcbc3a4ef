with

record_people as (

    select * from {{ ref('int_identity__record_people') }}

),

person_records as (

    select * from {{ ref('person_records') }}

),

identifiers as (

    select * from {{ ref('identifiers') }}

),

seen as (

    select
        person_id,
        min(observed_at) as first_seen_at,
        max(observed_at) as last_seen_at
    from record_people
    group by all

),

record_counts as (

    select
        person_id,
        count(*) as record_count
    from person_records
    group by all

),

identifier_counts as (

    select
        person_id,
        count(*) as identifier_count,
        max(last_seen_at) as last_seen_at
    from identifiers
    group by all

),

counted as (

    select
        seen.person_id,
        seen.first_seen_at,
        greatest(seen.last_seen_at, identifier_counts.last_seen_at) as last_seen_at,
        coalesce(record_counts.record_count, 0) as record_count,
        coalesce(identifier_counts.identifier_count, 0) as identifier_count
    from seen
    left join record_counts on seen.person_id = record_counts.person_id
    left join identifier_counts on seen.person_id = identifier_counts.person_id

)

select * from counted
