with

record_identifiers as (

    select * from {{ ref('int_identity__record_identifiers') }}

),

value_names as (

    select * from {{ ref('int_identity__value_names') }}

),

id_types as (

    select * from {{ ref('identity_id_types') }}

),

carried as (

    select
        id_type,
        id_value,
        bool_or(is_blocked) as is_blocked,
        bool_or(is_role_mailbox) as is_role_mailbox,
        min(reason) as reason,
        count(*) as record_count,
        min(observed_at) as first_seen_at
    from record_identifiers
    group by all

),

named as (

    select
        id_type,
        id_value,
        count(distinct name_group) filter (where is_full_name) as name_count
    from value_names
    group by all

),

judged as (

    select
        carried.id_type,
        carried.id_value,
        carried.record_count,
        carried.is_blocked,
        carried.first_seen_at,
        coalesce(named.name_count, 0) as name_count,
        not carried.is_blocked
        and (
            carried.is_role_mailbox
            or coalesce(named.name_count > id_types.max_names_per_value, false)
        ) as is_shared,
        coalesce(
            carried.reason,
            case
                when named.name_count > id_types.max_names_per_value
                    then
                        format(
                            'carried by {} different names, limit {}',
                            named.name_count,
                            id_types.max_names_per_value
                        )
            end
        ) as reason
    from carried
    inner join id_types on carried.id_type = id_types.id_type
    left join named
        on
            carried.id_type = named.id_type
            and carried.id_value = named.id_value

)

select * from judged
