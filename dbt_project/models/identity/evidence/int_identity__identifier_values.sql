with

record_identifiers as (

    select * from {{ ref('int_identity__record_identifiers') }}

),

value_names as (

    select * from {{ ref('int_identity__value_names') }}

),

value_fan_outs as (

    select * from {{ ref('int_identity__value_fan_outs') }}

),

id_types as (

    select * from {{ ref('identity_id_types') }}

),

carried as (

    select
        id_type,
        id_value,
        bool_or(is_blocked) as is_blocked,
        bool_or(is_shared_by_rule) as is_shared_by_rule,
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

counted as (

    select
        carried.*,
        value_fan_outs.strong_id_type,
        value_fan_outs.reason as fan_out_reason,
        coalesce(named.name_count, 0) as name_count,
        coalesce(value_fan_outs.strong_id_count, 0) as strong_id_count,
        if(
            named.name_count > id_types.max_names_per_value,
            format(
                'carried by {} different names, limit {}', name_count, id_types.max_names_per_value
            ),
            null
        ) as name_reason
    from carried
    inner join id_types on carried.id_type = id_types.id_type
    left join named
        on
            carried.id_type = named.id_type
            and carried.id_value = named.id_value
    left join value_fan_outs
        on
            carried.id_type = value_fan_outs.id_type
            and carried.id_value = value_fan_outs.id_value

),

judged as (

    select
        id_type,
        id_value,
        record_count,
        is_blocked,
        first_seen_at,
        name_count,
        strong_id_type,
        strong_id_count,
        coalesce(reason, name_reason, fan_out_reason) as reason,
        not is_blocked
        and coalesce(is_shared_by_rule or name_reason != '' or fan_out_reason != '', false)
            as is_shared
    from counted

)

select * from judged
