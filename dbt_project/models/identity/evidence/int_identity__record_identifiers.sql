with

observed_values as (

    select * from {{ ref('int_identity__observed_values') }}

),

records as (

    select * from {{ ref('int_identity__records') }}

),

refused_values as (

    select * from {{ ref('int_identity__refused_values') }}

),

marked as (

    select
        observed_values.source,
        observed_values.record_type,
        observed_values.record_id,
        observed_values.id_type,
        observed_values.id_value,
        observed_values.rule,
        observed_values.observed_at,
        observed_values._file,
        observed_values._line,
        observed_values._load_id,
        records.record_index,
        records.record_hash,
        refused_values.reason,
        coalesce(refused_values.is_blocked, false) as is_blocked,
        coalesce(refused_values.is_shared_by_rule, false) as is_shared_by_rule
    from observed_values
    inner join records
        on
            observed_values.source = records.source
            and observed_values.record_type = records.record_type
            and observed_values.record_id = records.record_id
    left join refused_values
        on
            observed_values.id_type = refused_values.id_type
            and observed_values.id_value = refused_values.id_value

)

select * from marked
