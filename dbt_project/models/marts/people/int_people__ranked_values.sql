with

people_values as (

    select * from {{ ref('int_people__values') }}

),

repeated as (

    select
        person_id,
        attribute,
        lower(attribute_value) as spelling,
        count(*) as record_count
    from people_values
    where strategy = 'most_frequent'
    group by all

),

counted as (

    select
        people_values.*,
        repeated.record_count
    from people_values
    left join repeated
        on
            people_values.person_id = repeated.person_id
            and people_values.attribute = repeated.attribute
            and lower(people_values.attribute_value) = repeated.spelling

),

-- Attributes that survive together are one thing: a record gives all of them or none.
measured as (

    select
        person_id,
        source,
        record_type,
        record_id,
        attribute,
        attribute_value,
        survives_with,
        strategy,
        recency,
        is_deleted,
        observed_at,
        _file,
        _line,
        _load_id,
        bool_or(is_blocked) over whole as is_blocked,
        bool_or(is_shared) over whole as is_shared,
        min(trust) over whole as trust,
        -- A record without a time comes last.
        case strategy
            when 'newest' then coalesce(-epoch(min(observed_at) over whole), 'infinity'::double)
            when 'oldest' then coalesce(epoch(min(observed_at) over whole), 'infinity'::double)
            when 'most_complete' then -count(*) filter (where is_complete) over whole
            when 'most_frequent' then -min(record_count) over whole
            else 0
        end as strategy_order,
        if(recency = 'newest', -1, 1) * epoch(min(observed_at) over whole) as recency_order
    from counted
    window whole as (partition by record_index, survives_with)

),

ranked as (

    select
        *,
        dense_rank() over (
            partition by person_id, survives_with
            order by
                is_blocked asc,
                is_shared asc,
                is_deleted asc,
                strategy_order asc,
                trust asc,
                recency_order asc nulls last,
                source asc,
                record_type asc,
                record_id asc
        ) as value_rank
    from measured

)

select * from ranked
