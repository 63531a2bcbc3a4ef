with

overrides as (

    select * from {{ source('state', 'identity_overrides') }}
    where undone_at is null

),

override_records as (

    select * from {{ source('state', 'identity_override_records') }}

),

person_records as (

    select * from {{ source('state', 'person_records') }}

),

refused_merges as (

    select * from {{ source('state', 'refused_merges') }}
    where id_type = 'override'

),

over_limits as (

    select * from {{ ref('int_identity__merges_over_limits') }}

),

conflicts as (

    select distinct
        id_value::integer as override_number,
        'a split keeps its people apart' as problem,
        limit_id_type as detail
    from refused_merges
    union all
    select
        override_number,
        'its person holds more than a limit allows' as problem,
        format('{} {}, limit {}', value_count, id_type, max_per_person) as detail
    from over_limits
    union all
    select
        override_number,
        'records it names are gone' as problem,
        count(*)::varchar as detail
    from override_records
    where record_hash not in (select person_records.record_hash from person_records)
    group by all

),

described as (

    select
        conflicts.override_number,
        overrides.action,
        conflicts.problem,
        conflicts.detail
    from conflicts
    inner join overrides on conflicts.override_number = overrides.override_number

)

select * from described
