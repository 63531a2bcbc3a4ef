with gate_results as (

    select * from {{ source('quality_state', 'gate_results') }}

),

renamed as (

    select
        run_id,
        as_of,
        gate,
        expectation_id,
        table_name,
        title,

        ---------- rule
        level,
        unit,
        limit_value,
        rule_version,

        ---------- outcome
        status,
        observed,
        evaluated_rows,
        unexpected_rows,
        message
    from gate_results

)

select * from renamed
