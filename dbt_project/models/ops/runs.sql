with

source as (

    select * from {{ source('state', 'runs') }}

),

listed as (

    select
        run_id,
        as_of,
        status,
        exit_code,
        marts_checksum,
        problems,
        finished_at
    from source

)

select * from listed
