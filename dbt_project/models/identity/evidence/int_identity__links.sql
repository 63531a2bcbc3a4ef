with

record_identifiers as (

    select * from {{ ref('int_identity__record_identifiers') }}

),

identifier_values as (

    select * from {{ ref('int_identity__identifier_values') }}

),

record_names as (

    select * from {{ ref('int_identity__record_names') }}

),

value_names as (

    select * from {{ ref('int_identity__value_names') }}
    where is_full_name

),

id_types as (

    select
        * exclude (scope),
        scope = 'source' as is_of_one_source
    from {{ ref('identity_id_types') }}

),

-- A shared value links two records only if both say the same full name themselves.
scoped as (

    select
        record_identifiers.*,
        identifier_values.is_shared,
        identifier_values.reason as value_reason,
        case
            when not identifier_values.is_shared then ''
            when record_names.is_own_name then value_names.name_group
        end as name_scope
    from record_identifiers
    inner join identifier_values
        on
            record_identifiers.id_type = identifier_values.id_type
            and record_identifiers.id_value = identifier_values.id_value
    inner join record_names on record_identifiers.record_index = record_names.record_index
    left join value_names
        on
            record_identifiers.id_type = value_names.id_type
            and record_identifiers.id_value = value_names.id_value
            and record_names.given_key = value_names.given_key
            and record_names.family_key = value_names.family_key

),

links as (

    select
        scoped.record_index,
        scoped.record_hash,
        scoped.source,
        scoped.record_type,
        scoped.record_id,
        scoped.id_type,
        scoped.id_value,
        scoped.is_shared,
        scoped.value_reason as reason,
        scoped.rule,
        id_types.rule_version,
        id_types.priority,
        id_types.confidence,
        scoped.observed_at,
        scoped._file,
        scoped._line,
        scoped._load_id,
        concat_ws(
            ': ', if(id_types.is_of_one_source, scoped.source, null), nullif(scoped.name_scope, '')
        ) as scope,
        hash(scoped.id_type, scoped.id_value, scope) as value_hash,
        not scoped.is_blocked and scoped.name_scope is not null as is_linking,
        hash(
            scoped.record_hash, value_hash, scoped.rule,
            id_types.rule_version, is_linking, scoped.observed_at
        ) as link_hash
    from scoped
    inner join id_types on scoped.id_type = id_types.id_type

)

select * from links
