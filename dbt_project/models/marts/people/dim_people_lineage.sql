with

ranked_values as (

    select * from {{ ref('int_people__ranked_values') }}
    where value_rank = 1

),

lineage as (

    select
        person_id,
        attribute,
        attribute_value as value,
        source,
        record_type,
        record_id,
        observed_at,
        format('trust {}, {} record', trust, recency) as rule
    from ranked_values

)

select * from lineage
