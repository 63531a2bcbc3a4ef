with

source as (

    select * from {{ source('state', 'run_stages') }}

),

listed as (

    select
        run_id,
        position,
        stage,
        status,
        seconds,
        detail
    from source

)

select * from listed
