with

source as (

    select * from {{ source('state', 'loads') }}

),

listed as (

    select
        load_id,
        load_seq,
        source,
        object,
        file,
        content_hash,
        rewritten_hash,
        status,
        message,
        rows_in,
        rows_loaded,
        rows_rejected,
        rows_skipped,
        checks,
        undeclared_columns,
        missing_optional,
        currency,
        time_zone,
        is_partial,
        bytes,
        run_id,
        loaded_at
    from source

)

select * from listed
