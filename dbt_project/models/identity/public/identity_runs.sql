with

runs as (

    select * from {{ source('state', 'identity_runs') }}

),

counted as (

    select
        run_number,
        run_id,
        as_of,
        scope,
        links,
        observed,
        withdrawn,
        records_resolved,
        records,
        people,
        changed,
        created,
        merged,
        split,
        erased,
        refused
    from runs

)

select * from counted
