{{
    config(
        pre_hook="set variable value_patterns = (
            select string_agg('(?:' || pattern || ')', '|')
            from {{ ref('int_identity__value_patterns') }}
            where id_type != 'name'
        )"
    )
}}

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

-- DuckDB compiles a constant pattern once, and a column's for every row: so first all in one.
suspects as (

    select * from distinct_values
    where regexp_full_match(spelling, getvariable('value_patterns'))

),

role_mailboxes as (

    select * from {{ ref('identity_role_mailboxes') }}

),

matched as (

    select
        suspects.id_type,
        suspects.id_value,
        value_patterns.is_blocked,
        value_patterns.is_shared_by_rule,
        value_patterns.reason
    from suspects
    inner join value_patterns
        on
            value_patterns.id_type in ('any', suspects.id_type)
            and regexp_full_match(suspects.spelling, value_patterns.pattern)
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
