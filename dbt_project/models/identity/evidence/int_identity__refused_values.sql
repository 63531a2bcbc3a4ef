with

distinct_values as (

    select distinct
        id_type,
        id_value,
        lower(id_value) as spelling
    from {{ ref('int_identity__observed_values') }}

),

value_patterns as (

    select * from {{ ref('int_identity__value_patterns') }}

),

role_mailboxes as (

    select * from {{ ref('identity_role_mailboxes') }}

),

matched as (

    select
        distinct_values.id_type,
        distinct_values.id_value,
        value_patterns.is_blocked,
        value_patterns.is_shared_by_rule,
        value_patterns.reason
    from distinct_values
    inner join value_patterns
        on
            value_patterns.id_type in ('any', distinct_values.id_type)
            and regexp_full_match(distinct_values.spelling, value_patterns.pattern)
    union all
    select
        distinct_values.id_type,
        distinct_values.id_value,
        false as is_blocked,
        true as is_shared_by_rule,
        'role mailbox: ' || role_mailboxes.purpose as reason
    from distinct_values
    inner join role_mailboxes
        on
            distinct_values.id_type = 'email'
            and split_part(distinct_values.id_value, '@', 1) = role_mailboxes.local_part

),

-- What identifies nobody is blocked, whoever else shares it.
refused_values as (

    select
        id_type,
        id_value,
        bool_or(is_blocked) as is_blocked,
        not bool_or(is_blocked) as is_shared_by_rule,
        coalesce(min(reason) filter (where is_blocked), min(reason)) as reason
    from matched
    group by all

)

select * from refused_values
