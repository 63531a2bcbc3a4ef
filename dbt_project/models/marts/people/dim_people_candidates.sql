with

ranked_values as (

    select * from {{ ref('int_people__ranked_values') }}

),

winners as (

    select distinct
        person_id,
        survives_with,
        is_shared,
        is_deleted,
        strategy_order,
        trust
    from ranked_values
    where value_rank = 1

),

kept_values as (

    select
        person_id,
        attribute,
        attribute_value
    from ranked_values
    where value_rank = 1

),

explained as (

    select
        ---------- the value
        ranked_values.person_id,
        ranked_values.attribute,
        ranked_values.attribute_value,
        ranked_values.value_rank,

        ---------- the rules
        ranked_values.strategy,
        ranked_values.trust,
        ranked_values.recency,

        ---------- where it was read
        ranked_values.source,
        ranked_values.record_type,
        ranked_values.record_id,
        ranked_values.observed_at,
        ranked_values._file,
        ranked_values._line,
        ranked_values._load_id,

        ---------- what became of it
        ranked_values.is_blocked,
        case
            when ranked_values.is_blocked then 'blocked'
            when ranked_values.value_rank = 1 then null
            when ranked_values.attribute_value = kept_values.attribute_value then 'same value'
            when ranked_values.is_shared > winners.is_shared then 'shared'
            when ranked_values.is_deleted > winners.is_deleted then 'deleted record'
            when ranked_values.strategy_order > winners.strategy_order
                then 'not the ' || translate(ranked_values.strategy, '_', ' ')
            when ranked_values.trust > winners.trust then 'less trusted'
            else 'not the ' || ranked_values.recency
        end as lost_because
    from ranked_values
    inner join winners
        on
            ranked_values.person_id = winners.person_id
            and ranked_values.survives_with = winners.survives_with
    left join kept_values
        on
            ranked_values.person_id = kept_values.person_id
            and ranked_values.attribute = kept_values.attribute

)

select * from explained
