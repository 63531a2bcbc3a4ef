with

links as (

    select * from {{ ref('int_identity__links') }}
    where is_linking

),

counted as (

    select
        value_hash,
        id_type,
        id_value,
        scope,
        priority,
        min(record_index) as first_record_index,
        count(*) as record_count
    from links
    group by all

),

linking_values as (

    select
        *,
        (row_number() over (order by priority, id_value, scope) - 1)::integer as value_index
    from counted

)

select * from linking_values
