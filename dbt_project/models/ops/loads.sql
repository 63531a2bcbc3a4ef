with

source as (

    select * from {{ source('state', 'loads') }}

),

ordered as (

    select * from {{ source('state', 'load_order') }}

),

listed as (

    select
        source.load_id,
        source.load_seq,
        source.source,
        source.object,
        source.file,
        source.content_hash,
        source.rewritten_hash,
        source.status,
        source.message,
        source.rows_in,
        source.rows_loaded,
        source.rows_rejected,
        source.rows_skipped,
        source.checks,
        source.undeclared_columns,
        source.missing_optional,
        source.currency,
        source.time_zone,
        source.is_partial,
        source.bytes,
        source.run_id,
        source.loaded_at,
        source.file_as_of,
        source.data_as_of,
        ordered.as_of,
        ordered.is_past,
        ordered.place
    from source
    left join ordered on source.load_id = ordered.load_id

)

select * from listed
