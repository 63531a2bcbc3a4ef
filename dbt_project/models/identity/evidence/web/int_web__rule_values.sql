with

pages as (

    select * from {{ ref('int_web__pages') }}

),

rules as (

    select
        priority,
        rule,
        'bot' as reason,
        'user_agent' as field,
        pattern,
        valid_from,
        valid_to
    from {{ ref('bots') }}
    union all
    select
        priority,
        rule,
        'internal' as reason,
        field,
        pattern,
        valid_from,
        valid_to
    from {{ ref('internal_traffic') }}

),

-- Each value is matched once, however many pages have it.
field_values as (

    select distinct
        unnest(['user_agent', 'host', 'path', 'referrer_host', 'traffic_type']) as field,
        unnest([user_agent, page_host, page_path, referrer_host, traffic_type]) as field_value
    from pages

),

matched as (

    select
        field_values.field,
        field_values.field_value,
        rules.rule,
        rules.reason,
        rules.priority,
        cast(rules.valid_from as timestamp) as valid_from,
        coalesce(cast(rules.valid_to as timestamp), timestamp '9999-12-31') as valid_until
    from field_values
    inner join rules
        on
            field_values.field = rules.field
            and case
                when rules.reason = 'bot'
                    then regexp_matches(field_values.field_value, rules.pattern, 'i')
                else regexp_full_match(field_values.field_value, rules.pattern, 'i')
            end

)

select * from matched
