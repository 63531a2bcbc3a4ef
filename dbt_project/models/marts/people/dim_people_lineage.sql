with

candidates as (

    select * from {{ ref('dim_people_candidates') }}
    where not is_blocked

),

counted as (

    select
        *,
        count(distinct attribute_value) over (partition by person_id, attribute) as value_count
    from candidates

),

lineage as (

    select
        ---------- the value
        person_id,
        attribute,
        attribute_value as value,

        ---------- where it was read
        source,
        record_type,
        record_id,
        observed_at,
        _file,
        _line,
        _load_id,

        ---------- why
        value_count - 1 as other_value_count,
        format('{}, trust {}, {} record', strategy, trust, recency) as rule
    from counted
    where value_rank = 1

)

select * from lineage
