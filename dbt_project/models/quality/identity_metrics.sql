with

metrics as (

    select * from {{ ref('metrics') }}

),

published as (

    select
        run_number,
        run_id,
        as_of,
        metric,
        value
    from metrics

)

select * from published
