with

record_identifiers as (

    select * from {{ ref('int_identity__record_identifiers') }}
    where not is_blocked

),

id_types as (

    select * from {{ ref('identity_id_types') }}

),

strong_ids as (

    select
        record_identifiers.record_index,
        record_identifiers.id_type as strong_id_type,
        record_identifiers.id_value as strong_id_value
    from record_identifiers
    inner join id_types on record_identifiers.id_type = id_types.id_type
    where id_types.is_strong

),

limited_values as (

    select
        record_identifiers.record_index,
        record_identifiers.id_type,
        record_identifiers.id_value,
        id_types.max_strong_ids_per_value
    from record_identifiers
    inner join id_types on record_identifiers.id_type = id_types.id_type
    where id_types.max_strong_ids_per_value is not null

),

-- Per type: a person's lead, contact and user id on one address are no fan-out.
counted as (

    select
        limited_values.id_type,
        limited_values.id_value,
        limited_values.max_strong_ids_per_value,
        strong_ids.strong_id_type,
        count(distinct strong_ids.strong_id_value) as strong_id_count
    from limited_values
    inner join strong_ids on limited_values.record_index = strong_ids.record_index
    group by all

),

-- What one person may hold by the rules is no sign of several.
compared as (

    select
        counted.id_type,
        counted.id_value,
        counted.strong_id_type,
        counted.strong_id_count,
        greatest(counted.max_strong_ids_per_value, id_types.max_per_person) as strong_id_limit,
        counted.strong_id_count > strong_id_limit as is_fanned_out
    from counted
    inner join id_types on counted.strong_id_type = id_types.id_type

),

largest as (

    select
        *,
        if(
            is_fanned_out,
            format(
                'links {} different {}, limit {}', strong_id_count, strong_id_type, strong_id_limit
            ),
            null
        ) as reason
    from compared
    qualify
        row_number() over (
            partition by id_type, id_value
            order by is_fanned_out desc, strong_id_count desc, strong_id_type asc
        ) = 1

)

select * from largest
