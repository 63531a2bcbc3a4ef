with

overrides as (

    select * from {{ source('state', 'identity_overrides') }}
    where action = 'merge' and undone_at is null

),

override_records as (

    select * from {{ source('state', 'identity_override_records') }}

),

person_records as (

    select * from {{ source('state', 'person_records') }}

),

links as (

    select * from {{ ref('int_identity__links') }}
    where is_linking and not is_shared

),

id_types as (

    select * from {{ ref('identity_id_types') }}

),

merged_people as (

    select distinct
        override_records.override_number,
        person_records.person_id
    from overrides
    inner join override_records on overrides.override_number = override_records.override_number
    inner join person_records on override_records.record_hash = person_records.record_hash

),

over_limits as (

    select
        merged_people.override_number,
        links.id_type,
        id_types.max_per_person,
        count(distinct links.id_value) as value_count
    from merged_people
    inner join person_records on merged_people.person_id = person_records.person_id
    inner join links on person_records.record_hash = links.record_hash
    inner join id_types on links.id_type = id_types.id_type
    group by all
    having count(distinct links.id_value) > id_types.max_per_person

)

select * from over_limits
