with

source as (

    select * from {{ source('state', 'source_freshness') }}

),

listed as (

    select
        source,
        files,
        last_event_at,
        age_days,
        warn_after_days,
        error_after_days,
        status,
        as_of
    from source

)

select * from listed
