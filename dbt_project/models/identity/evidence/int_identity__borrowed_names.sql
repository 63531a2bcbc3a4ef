with

own_names as (

    select * from {{ ref('int_identity__own_names') }}

),

record_identifiers as (

    select * from {{ ref('int_identity__record_identifiers') }}
    where
        id_type in ('user_id', 'loyalty_id', 'email')
        and not is_blocked
        and not is_shared_by_rule

),

name_counts as (

    select
        record_identifiers.id_type,
        record_identifiers.id_value,
        own_names.given_key,
        own_names.family_key,
        count(*) as record_count
    from record_identifiers
    inner join own_names on record_identifiers.record_index = own_names.record_index
    where own_names.given_key is not null and own_names.family_key is not null
    group by all

),

usual_names as (

    select
        id_type,
        id_value,
        arg_min(given_key, (-record_count, given_key, family_key)) as given_key,
        arg_min(family_key, (-record_count, given_key, family_key)) as family_key
    from name_counts
    group by all

),

-- first.last@… names its owner; a borrowed name keeps records apart and never joins them.
spelled_names as (

    select distinct
        id_type,
        id_value,
        regexp_extract(id_value, '^([a-z]{2,})[._-]([a-z]{2,})[0-9]*(\+.*)?@', 1) as given_key,
        regexp_extract(id_value, '^([a-z]{2,})[._-]([a-z]{2,})[0-9]*(\+.*)?@', 2) as family_key
    from record_identifiers
    where id_type = 'email'

),

borrowed_names as (

    select distinct on (record_identifiers.record_index)
        record_identifiers.record_index,
        coalesce(usual_names.given_key, spelled_names.given_key) as given_key,
        coalesce(usual_names.family_key, spelled_names.family_key) as family_key
    from record_identifiers
    left join usual_names
        on
            record_identifiers.id_type = usual_names.id_type
            and record_identifiers.id_value = usual_names.id_value
    left join spelled_names
        on
            record_identifiers.id_type = spelled_names.id_type
            and record_identifiers.id_value = spelled_names.id_value
    where usual_names.given_key is not null or spelled_names.given_key != ''
    order by
        record_identifiers.record_index asc,
        (usual_names.given_key is null) asc,
        record_identifiers.id_type desc,
        record_identifiers.id_value asc

)

select * from borrowed_names
