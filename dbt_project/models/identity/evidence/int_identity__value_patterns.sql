with

blocked_values as (

    select * from {{ ref('identity_blocked_values') }}

),

shared_values as (

    select * from {{ ref('identity_shared_values') }}

),

unioned as (

    select
        id_type,
        pattern,
        reason,
        true as is_blocked,
        'identity_blocked_values.csv' as seed
    from blocked_values
    union all
    select
        id_type,
        pattern,
        reason,
        false as is_blocked,
        'identity_shared_values.csv' as seed
    from shared_values

),

value_patterns as (

    select
        id_type,
        reason,
        is_blocked,
        not is_blocked as is_shared_by_rule,
        case
            when try(regexp_full_match('', pattern)) is not null then pattern
            else
                error(
                    format(
                        'expected a regular expression (RE2) in the column pattern of '
                        'seeds/rules/{}, got {} (id_type {}, reason {}); mend or remove that row',
                        seed,
                        pattern,
                        id_type,
                        reason
                    )
                )
        end as pattern
    from unioned

)

select * from value_patterns
