with violations as (

    select * from {{ source('quality_state', 'violations') }}

),

renamed as (

    select
        gate,
        expectation_id,
        table_name,
        row_key,
        level,
        rule_version,
        status,
        first_seen_at,
        last_seen_at,
        run_id
    from violations

)

select * from renamed
